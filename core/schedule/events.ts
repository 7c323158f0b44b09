/** What is told of firings: facts that an alert can be made of without asking back. */

/** A firing was started late, or not at all. */
export type FiringEvent =
  | {
    readonly topic: "firing.late";
    readonly schedule: string;
    readonly workflow: string;
    readonly due_at: string;
    readonly late_seconds: number;
    readonly execution_id: string;
  }
  | {
    readonly topic: "firing.skipped";
    readonly schedule: string;
    readonly workflow: string;
    readonly due_at: string;
    /** `missed`, `overlap`, `queue_full`, or the code and words of what refused it. */
    readonly reason: string;
    /** Whether earlier instants beside this one were skipped with it. */
    readonly many: boolean;
  };
