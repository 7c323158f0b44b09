/**
 * Lives through a made-up share's weeks: fetches windows in any order, in good and bad answers, is
 * killed between two commits, and after each step compares what the store serves, now and as of
 * earlier instants, with what really happened.
 */

import assert from "node:assert/strict";
import { type AgentContext, type Bar, type History, type Prices } from "100ac";
import { keepHistory } from "../../../agents/_lib/source/keep.ts";
import { Market } from "../../../core/market/market.ts";
import type { Store } from "../../../core/store/store.ts";
import { openTempStore } from "../temp_store.ts";
import { type Random, randomOf } from "./random.ts";
import { answerOf, inForce } from "./source.ts";
import { firstDate, localDateOf, makeTruth, splitRatioOf, type Truth } from "./truth.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const series = { symbol: "SHARE", interval: "1d", source: "model" } as const;
const tolerance = 1e-9;

export interface Lived {
  readonly steps: number;
  readonly stored: number;
  readonly heldBack: number;
  readonly killed: number;
  readonly reads: number;
}

class Killed extends Error {}

/** @throws {AssertionError} when a read contradicts the truth. */
export async function liveThrough(seed: number): Promise<Lived> {
  const random = randomOf(seed);
  const truth = makeTruth(random);
  await using temp = await openTempStore();
  const world = new World(truth, random, temp.store);
  const beginMs = truth.bars[3]?.startMs ?? 0;
  const settledMs = (truth.bars.at(-1)?.endMs ?? 0) + 8 * dayMs;
  world.nowMs = beginMs;
  while (world.nowMs < settledMs - 8 * dayMs) {
    world.nowMs += [hourMs, 7 * hourMs, dayMs, 2 * dayMs, 4 * dayMs][random.int(5)] ?? dayMs;
    await world.step();
    await world.look(world.nowMs);
    await world.look(beginMs - 2 * dayMs + random.int(world.nowMs - beginMs + dayMs));
    if (random.chance(0.3)) await world.takePicture();
  }
  world.nowMs = settledMs;
  assert.equal(await world.load({ since: firstDate }), "stored", "everything has settled");
  for (const bar of truth.bars) {
    for (const atMs of [bar.startMs - hourMs, bar.endMs, bar.endMs + hourMs]) {
      await world.lookSettled(atMs);
    }
  }
  await world.comparePictures();
  return world.lived;
}

class World {
  readonly lived = { steps: 0, stored: 0, heldBack: 0, killed: 0, reads: 0 };
  nowMs = 0;
  readonly #truth: Truth;
  readonly #random: Random;
  readonly #store: Store;
  #commitsLeft = Infinity;
  #market: Market;
  #last: History | undefined;
  /** What the store served at some instants, by view. */
  readonly #pictures: {
    readonly atMs: number;
    readonly bars: readonly Bar[];
    readonly prices: Prices;
  }[] = [];

  constructor(truth: Truth, random: Random, store: Store) {
    this.#truth = truth;
    this.#random = random;
    this.#store = store;
    this.#market = this.#start();
  }

  /** A daemon on the same store. */
  #start(): Market {
    const store = new Proxy(this.#store, {
      get: (target, name) => {
        if (name === "commit") {
          return (operations: Parameters<Store["commit"]>[0]) => {
            if (this.#commitsLeft-- <= 0) throw new Killed();
            return target.commit(operations);
          };
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return new Market({
      store,
      now: () => this.nowMs,
      sourceOf: () => "model",
      publish: () => {},
    });
  }

  async step(): Promise<void> {
    this.lived.steps++;
    const random = this.#random;
    const { bars, exchange } = this.#truth;
    const today = localDateOf(this.nowMs, exchange.timezone);
    const some = (): string => bars[random.int(bars.length)]?.date ?? firstDate;
    const since = random.chance(0.2)
      ? firstDate
      : random.chance(0.5)
      ? Temporal.PlainDate.from(today).subtract({ days: random.int(10) }).toString()
      : some();
    if (since > today) return;
    const until = random.chance(0.25) ? some() : undefined;
    if (until !== undefined && until < since) return;
    const lacks = random.chance(0.3) ? new Set([some(), some(), some()]) : new Set<string>();
    const withoutEvents = random.chance(0.1);
    const isKilled = random.chance(0.2);
    this.#commitsLeft = isKilled ? random.int(3) : Infinity;
    try {
      const range = { since, ...until === undefined ? {} : { until } };
      if (random.chance(0.1)) await this.#repeatLast(range);
      else if (random.chance(0.15)) await this.#saveEvents();
      else await this.load(range, { lacks, withoutEvents });
    } catch (thrown) {
      if (!(thrown instanceof Killed)) throw thrown;
      this.lived.killed++;
    }
    this.#commitsLeft = Infinity;
    this.#market = this.#start();
  }

  /** The source fetches a range and stores it. */
  async load(
    range: { readonly since: string; readonly until?: string },
    spoiled: { readonly lacks?: ReadonlySet<string>; readonly withoutEvents?: boolean } = {},
  ): Promise<string> {
    const { kept } = await keepHistory(
      { symbol: "SHARE", interval: "1d", period: "1mo", ...range },
      ({ since = firstDate }) => {
        const answer = answerOf(this.#truth, { nowMs: this.nowMs, since, ...spoiled });
        this.#last = answer;
        return Promise.resolve(answer);
      },
      this.#context(),
    );
    if (kept.outcome === "stored") this.lived.stored++;
    if (kept.outcome === "held_back") this.lived.heldBack++;
    return kept.outcome;
  }

  async #repeatLast(range: { readonly since: string; readonly until?: string }): Promise<void> {
    const last = this.#last;
    if (last === undefined) return;
    const stale = { ...last, stale: true, age_seconds: 3_600 };
    const asked = { symbol: "SHARE", interval: "1d", period: "1mo", ...range } as const;
    const { kept } = await keepHistory(asked, () => Promise.resolve(stale), this.#context());
    assert.equal(kept.outcome, "stale");
  }

  async #saveEvents(): Promise<void> {
    const { events } = answerOf(this.#truth, { nowMs: this.nowMs, since: firstDate });
    const input = { symbol: "SHARE", source: "model", basis: "split_adjusted", events };
    await this.#market.capabilities.save_events({ ...input, complete: true }, "model");
  }

  #context(): AgentContext<unknown> {
    const { capabilities } = this.#market;
    return {
      agent: "model",
      now: () => this.nowMs,
      request: async (
        address: string,
        input: unknown,
        output: { parse(value: unknown): unknown },
      ) => {
        const name = address.replace("market.", "") as keyof typeof capabilities;
        return output.parse(await capabilities[name](structuredClone(input), "model"));
      },
    } as unknown as AgentContext<unknown>;
  }

  async #read(asOfMs: number, prices: Prices): Promise<readonly Bar[]> {
    this.lived.reads++;
    const asked = { ...series, prices, as_of: new Date(asOfMs).toISOString() };
    return (await this.#market.capabilities.get_bars(asked)).bars;
  }

  /** Whatever the store serves is on one basis: the truth by some of the splits in force. */
  async look(asOfMs: number): Promise<void> {
    for (const prices of ["traded", "split_adjusted"] as const) {
      const bars = await this.#read(asOfMs, prices);
      const splits = inForce(this.#truth, this.nowMs);
      const bases = subsetsOf(splits).filter((basis) =>
        bars.every((bar) => this.#isTrue(bar, basis, asOfMs))
      );
      if (bases.length > 0) continue;
      assert.fail(
        `${prices} as of ${new Date(asOfMs).toISOString()}, at ` +
          `${new Date(this.nowMs).toISOString()}: more than one basis\n` +
          `${JSON.stringify(this.#truth.splits)}\n${this.#ratios(bars)}`,
      );
    }
  }

  /** Once everything has settled, every view is the truth of its instant. */
  async lookSettled(asOfMs: number): Promise<void> {
    const splits = inForce(this.#truth, asOfMs);
    const when = new Date(asOfMs).toISOString();
    const traded = await this.#read(asOfMs, "traded");
    assert.ok(
      traded.every((bar) => this.#isTrue(bar, [], asOfMs)),
      `traded as of ${when} ${JSON.stringify(splits)}\n${this.#ratios(traded)}`,
    );
    const ended = this.#truth.bars.filter(({ endMs }) => endMs <= asOfMs);
    assert.deepEqual(traded.map(({ date }) => date), ended.map(({ date }) => date), when);
    const adjusted = await this.#read(asOfMs, "split_adjusted");
    assert.ok(
      adjusted.every((bar) => this.#isTrue(bar, splits, asOfMs)),
      `split_adjusted as of ${when}\n${JSON.stringify(splits)}\n${this.#ratios(adjusted)}`,
    );
    const whole = await this.#read(asOfMs, "adjusted");
    assert.ok(
      this.#isAdjusted(whole, splits, asOfMs),
      `adjusted as of ${when}\n${JSON.stringify(this.#truth.dividends)}\n${this.#ratios(whole)}`,
    );
  }

  /** Remembers what the store serves now. */
  async takePicture(): Promise<void> {
    for (const prices of ["traded", "split_adjusted", "adjusted"] as const) {
      const bars = await this.#read(this.nowMs, prices);
      this.#pictures.push({ atMs: this.nowMs, prices, bars });
    }
  }

  /** `recorded_by` shows for good what the store held, but for sessions that were under way. */
  async comparePictures(): Promise<void> {
    for (const { atMs, bars, prices } of this.#pictures) {
      const instant = new Date(atMs).toISOString();
      const asked = { ...series, prices, as_of: instant, recorded_by: instant };
      const then = (await this.#market.capabilities.get_bars(asked)).bars;
      assert.deepEqual(this.#ended(then, atMs), this.#ended(bars, atMs), `${prices} ${instant}`);
    }
  }

  #ended(bars: readonly Bar[], atMs: number): readonly Bar[] {
    const ended = new Set(
      this.#truth.bars.filter(({ endMs }) => endMs <= atMs).map(({ date }) => date),
    );
    return bars.filter(({ date }) => ended.has(date));
  }

  #isTrue(
    bar: Bar,
    basis: Truth["splits"],
    asOfMs: number,
  ): boolean {
    const real = this.#truth.bars.find(({ date }) => date === bar.date);
    if (real === undefined) return false;
    const ratio = basis.reduce(
      (all, split) => split.date > bar.date ? all * splitRatioOf(split) : all,
      1,
    );
    const isFinal = real.endMs <= Math.min(asOfMs, this.nowMs);
    return isNear(bar.close * ratio, isFinal ? real.close : real.open) &&
      isNear(bar.open * ratio, real.open) && isNear((bar.volume ?? 0) / ratio, real.volume);
  }

  /** By the amounts that the source reported in the end, or before it corrected them. */
  #isAdjusted(bars: readonly Bar[], splits: Truth["splits"], asOfMs: number): boolean {
    const today = localDateOf(asOfMs, this.#truth.exchange.timezone);
    const dividends = this.#truth.dividends.filter(({ date }) => date <= today);
    return subsetsOf(dividends.filter(({ wrong }) => wrong !== undefined)).some((mistaken) =>
      bars.every((bar) => {
        const factor = dividends.filter(({ date }) => date > bar.date).reduce((all, dividend) => {
          const amount = mistaken.includes(dividend) ? dividend.wrong?.amount : dividend.amount;
          return all * (1 - (amount ?? 0) / this.#closeBefore(dividend.date));
        }, 1);
        const real = this.#truth.bars.find(({ date }) => date === bar.date);
        const ratio = splits.reduce(
          (all, split) => split.date > bar.date ? all * splitRatioOf(split) : all,
          1,
        );
        const expected = (real?.close ?? NaN) / ratio * factor;
        return isNear(bar.adjusted_close ?? NaN, expected) && isNear(bar.close, expected);
      })
    );
  }

  /** Per share of the date's own day. */
  #closeBefore(date: string): number {
    const close = this.#truth.bars.findLast((bar) => bar.date < date)?.close ?? NaN;
    const split = this.#truth.splits.find((one) => one.date === date);
    return split === undefined ? close : close / splitRatioOf(split);
  }

  #ratios(bars: readonly Bar[]): string {
    return bars.map((bar) => {
      const real = this.#truth.bars.find(({ date }) => date === bar.date);
      return `${bar.date} ${((real?.close ?? 0) / bar.close).toPrecision(6)}`;
    }).join("\n");
  }
}

function subsetsOf<T>(all: readonly T[]): T[][] {
  return all.reduce<T[][]>((sets, one) => [...sets, ...sets.map((set) => [...set, one])], [[]]);
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}
