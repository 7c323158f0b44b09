/**
 * What happens, as the bus publishes it, to everyone who reads `/api/v1/events`. The bus is heard
 * while there is a reader, and an event is masked and encoded once for all of them.
 */

import { type Bus, type BusEvent, matches } from "../../bus/bus.ts";
import type { Mask } from "../../mask.ts";
import type { ToldEvent } from "../api.ts";
import { bodyOf } from "./body.ts";
import { type Frame, frameOf } from "./frame.ts";
import type { Reader, StreamSource } from "./streams.ts";

export class Feed {
  readonly #bus: Bus;
  readonly #mask: Mask;
  readonly #topicsOf = new Map<Reader, readonly string[]>();
  #unsubscribe: () => void = () => undefined;
  #heard = 0;

  /** `mask`: what an agent publishes may hold its secrets. */
  constructor(bus: Bus, mask: Mask) {
    this.#bus = bus;
    this.#mask = mask;
  }

  /** Sends the events of any of the topics, from now on. */
  of(topics: readonly string[]): StreamSource {
    return (reader) => {
      if (this.#topicsOf.size === 0) {
        this.#unsubscribe = this.#bus.subscribe("*", (event) => this.#hear(event));
      }
      this.#topicsOf.set(reader, topics);
      return { end: () => this.#leave(reader) };
    };
  }

  #leave(reader: Reader): void {
    this.#topicsOf.delete(reader);
    if (this.#topicsOf.size === 0) this.#unsubscribe();
  }

  #hear(event: BusEvent): void {
    const id = ++this.#heard;
    let frame: Frame | undefined;
    for (const [reader, topics] of this.#topicsOf) {
      if (!topics.some((topic) => matches(topic, event.topic))) continue;
      frame ??= this.#frameOf(event, id);
      if (!frame) return;
      reader.send(frame);
    }
  }

  #frameOf(event: BusEvent, id: number): Frame | undefined {
    const { topic, from } = event;
    const body = bodyOf(event);
    if (body === undefined) return undefined;
    const told: ToldEvent = { topic, from, at: new Date().toISOString(), body };
    return frameOf({ id, event: topic, data: this.#mask.json(JSON.stringify(told)) });
  }
}
