/** The live line on a terminal that shows the progress of a followed execution. */

import type { ExecutionView } from "../../http/api.ts";
import { cleanLine } from "./clean.ts";
import { type Look, paint } from "./look.ts";
import { secondsText } from "./units.ts";
import { fitText, textWidth } from "./width.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const frameMs = 100;
const clearLine = "\r\x1b[2K";
/** Kept free at the end of the line, or the terminal's `^C` would wrap to another line. */
const marginColumns = 3;

/** Redraws the line until it is disposed of, which clears the line. */
export class ProgressLine implements Disposable {
  readonly #write: (text: string) => void;
  readonly #look: () => Look;
  readonly #startedAtMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  #execution: ExecutionView | undefined;

  constructor(write: (text: string) => void, look: () => Look) {
    this.#write = write;
    this.#look = look;
    this.#timer = setInterval(() => this.#draw(), frameMs);
  }

  show(execution: ExecutionView): void {
    this.#execution = execution;
    this.#draw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#write(clearLine);
  }

  #draw(): void {
    if (!this.#execution) return;
    const elapsedMs = performance.now() - this.#startedAtMs;
    this.#write(clearLine + progressText(this.#execution, elapsedMs, this.#look()));
  }
}

/** `⠹ market_data_pipeline  step 2/3 fetch_watchlist_data  1.2s`, a little shorter than a line. */
export function progressText(execution: ExecutionView, elapsedMs: number, look: Look): string {
  const frame = frames[Math.floor(elapsedMs / frameMs) % frames.length] ?? frames[0];
  const time = elapsedMs < 1_000 ? "" : secondsText(elapsedMs / 1_000);
  const around = textWidth(`${frame}   ${time}`) + marginColumns;
  const text = fitText(cleanLine(whereabouts(execution)), look.columns - around);
  return `${paint(frame, "cyan", look)} ${text}  ${paint(time, "dim", look)}`;
}

function whereabouts({ workflow, status, steps = [] }: ExecutionView): string {
  const isOver = (step: string): boolean => step === "completed" || step === "skipped";
  const current = steps.find((step) => !isOver(step.status));
  if (status === "pending") return `${workflow}  is waiting in the queue`;
  if (status === "paused") return `${workflow}  is paused`;
  if (!current) return workflow;
  const { items, attempt } = current;
  const ended = items && `, ${items.completed + items.failed} items done`;
  const again = attempt > 1 && !items ? ` (attempt ${attempt})` : "";
  return `${workflow}  step ${current.index + 1}/${steps.length} ${current.name}${ended ?? again}`;
}
