/** What the bus is measured against: requests on a bare BroadcastChannel, matched by id. */

import { newOpaqueId } from "../../core/ids.ts";

export class Floor implements Disposable {
  readonly #worker: Worker;
  readonly #channel: BroadcastChannel;
  readonly #open = new Map<number, (output: string) => void>();
  #lastId = 0;

  private constructor(worker: Worker, channel: BroadcastChannel) {
    this.#worker = worker;
    this.#channel = channel;
    channel.onmessage = ({ data }) => {
      this.#open.get(data.id)?.(data.output);
      this.#open.delete(data.id);
    };
  }

  /** Also starts the bus's far end, at `far` on `channel`. */
  static async open(channel: string): Promise<Floor> {
    const floor = `floor-${newOpaqueId()}`;
    const url = new URL("./bus_floor_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    await new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = reject;
      worker.postMessage({ floor, channel });
    });
    return new Floor(worker, new BroadcastChannel(floor));
  }

  /**
   * Sends `input` there and back, where `isChecked` with what a host does beside its agent's work.
   * What it sends is lost when more than some 200 are open.
   */
  ask(input: string, isChecked = false): Promise<string> {
    return new Promise((resolve) => {
      const id = ++this.#lastId;
      this.#open.set(id, resolve);
      this.#channel.postMessage({ id, address: "echo.echo", input, isChecked });
    });
  }

  [Symbol.dispose](): void {
    this.#channel.close();
    this.#worker.terminate();
  }
}
