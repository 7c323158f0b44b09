/** The hosts of a folder of agents, as a daemon runs them: `await using stage = …`. */

import { fileURLToPath } from "node:url";
import { Bus, type RequestHandler } from "../../../core/bus/bus.ts";
import { openBroadcastChannel } from "../../../core/bus/channel.ts";
import { Hub } from "../../../core/bus/hub.ts";
import { AppError, type ErrorData, toErrorData } from "../../../core/errors.ts";
import { Hosts, type HostsOptions } from "../../../core/host/hosts.ts";
import { newOpaqueId } from "../../../core/ids.ts";
import { createLog } from "../../../core/log.ts";
import type { OperatorSettingsOptions } from "../../../core/host/settings/operator_settings.ts";
import { operatorSettings } from "../../support/operator_settings.ts";
import { makeTempFolder, type TempFolder } from "../../support/temp_folder.ts";

export const rogueFolder = fileURLToPath(new URL("../../support/rogue_agents", import.meta.url));
const nodeModules = fileURLToPath(new URL("../../../node_modules", import.meta.url));

export interface StageOptions extends Partial<HostsOptions> {
  /** The operator's settings besides agents.yaml. */
  readonly operator?: Partial<OperatorSettingsOptions>;
  /** Wraps the hosts' request handler, as the daemon's own services do. */
  readonly serve?: (elsewhere: RequestHandler) => RequestHandler;
}

export interface AskOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** The request sees what was public at this instant; absent: now. */
  readonly asOfMs?: number;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export class Stage implements AsyncDisposable {
  readonly bus: Bus;
  readonly hosts: Hosts;
  readonly log: LogLine[] = [];
  /** Events that agents published, as `topic from body`. */
  readonly events: string[] = [];

  readonly #kept: TempFolder;

  private constructor(
    kept: TempFolder,
    { serve = (elsewhere) => elsewhere, operator = {}, ...options }: StageOptions,
  ) {
    this.#kept = kept;
    const channel = `test-${newOpaqueId()}`;
    const hub = new Hub("daemon", openBroadcastChannel(channel));
    this.bus = new Bus({
      channel: hub,
      address: "daemon",
      onRequest: serve((request) => this.hosts.invoke(request)),
    });
    this.bus.subscribe(
      "*",
      ({ topic, from, body }) => this.events.push(`${topic} ${from} ${body}`),
    );
    this.hosts = new Hosts({
      agentsFolder: rogueFolder,
      keptFolder: kept.path,
      readable: [nodeModules],
      bus: this.bus,
      hub,
      channel,
      daemon: "daemon",
      isolation: "thread",
      watchdogMs: 5_000,
      log: createLog({
        threshold: "debug",
        write: (line) => this.log.push(JSON.parse(line) as LogLine),
        pretty: false,
      }),
      settings: operatorSettings(options.agentsFolder ?? rogueFolder, operator),
      ...options,
    });
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const stage = new Stage(await makeTempFolder(), options);
    await stage.hosts.open();
    return stage;
  }

  /** Invokes an agent as the engine does. */
  async ask(
    address: string,
    input: unknown = {},
    { timeoutMs = 10_000, signal = new AbortController().signal, asOfMs }: AskOptions = {},
  ): Promise<unknown> {
    const asked = { address, input: JSON.stringify(input), caller: "daemon", timeoutMs };
    return JSON.parse(await this.hosts.invoke({ ...asked, asOfMs, signal })) as unknown;
  }

  /** The error of a request that must fail. */
  async failure(...asked: Parameters<Stage["ask"]>): Promise<ErrorData> {
    try {
      const answer = await this.ask(...asked);
      throw new Error(`${asked[0]} answered ${JSON.stringify(answer)}`);
    } catch (thrown) {
      if (thrown instanceof AppError) return toErrorData(thrown);
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hosts.close();
    this.bus.close();
    await this.#kept[Symbol.asyncDispose]();
  }
}
