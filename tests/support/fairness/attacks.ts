/** What agents and workflows do to take the daemon's thread from others, each as workflows. */

export interface Attack {
  readonly name: string;
  /** All are started at once. As their files have them. */
  readonly workflows: readonly { readonly name: string }[];
}

/** Takes about 25 ms, well under the limit of one evaluation, also on a busy machine. */
const slow =
  "size(inputs.list.filter(a, inputs.list.exists(b, inputs.list.exists(c, a + b + c == 500))))";
const list = { type: "array", default: Array.from({ length: 56 }, (_, n) => n) };
const idle = { agent: "hog", capability: "idle" };

function once(name: string, params: Record<string, unknown>, agent = "hog"): Attack {
  const step = { name: "only", agent, capability: name, params, timeout: 60 };
  return { name, workflows: [{ name, steps: [step] } as { name: string }] };
}

function workflow(name: string, rest: Record<string, unknown>): Attack {
  return { name, workflows: [{ name, ...rest }] };
}

const steps = (count: number, rest: Record<string, unknown>) =>
  Array.from({ length: count }, (_, n) => ({ name: `s${n}`, ...idle, ...rest }));

export const attacks: readonly Attack[] = [
  once("cache", { count: 200, characters: 990_000 }),
  workflow("items", {
    inputs: { list },
    steps: [{
      name: "each",
      ...idle,
      for_each: { items: Array.from({ length: 60 }, (_, n) => n), max_parallel: 32 },
      params: { ms: `\${{ ${slow} }}` },
      timeout: 60,
    }],
  }),
  workflow("whens", {
    inputs: { list },
    steps: steps(60, { params: { ms: 0 }, needs: [], when: `${slow} > 0`, timeout: 60 }),
  }),
  workflow("many_whens", {
    inputs: { list },
    steps: steps(500, { params: { ms: 0 }, needs: [], when: `${slow} > 0`, timeout: 60 }),
  }),
  workflow("lists", {
    inputs: { list },
    steps: steps(60, {
      params: { ms: 0 },
      needs: [],
      for_each: { items: `\${{ inputs.list.filter(a, ${slow} > 0) }}` },
      on_error: "continue",
      timeout: 60,
    }),
  }),
  {
    name: "executions",
    workflows: Array.from({ length: 60 }, (_, n) => ({
      name: `executions_${n}`,
      inputs: { list },
      steps: [{ name: "only", ...idle, params: { ms: `\${{ ${slow} }}` } }],
    })),
  },
  workflow("holds", {
    steps: [{
      name: "each",
      agent: "hog",
      capability: "hold",
      for_each: { items: Array.from({ length: 8 }, (_, n) => n), max_parallel: 8 },
      params: { ms: 900 },
      timeout: 60,
    }],
  }),
  once("collect", { batches: 20, count: 30, characters: 900_000 }),
  once("save", { series: 4, count: 40_000 }),
  once("text", { characters: 60_000_000 }),
  workflow("texts", {
    steps: [
      ...Array.from({ length: 8 }, (_, n) => ({
        name: `t${n}`,
        needs: [],
        agent: "hog",
        capability: "text",
        params: { characters: 7_000_000 },
        timeout: 60,
      })),
      {
        name: "last",
        ...idle,
        needs: Array.from({ length: 8 }, (_, n) => `t${n}`),
        params: { ms: "${{ size(steps.t0.output.text) - 7000000 }}" },
      },
    ],
  }),
  workflow("numbers", {
    steps: [
      ...Array.from({ length: 8 }, (_, n) => ({
        name: `n${n}`,
        needs: [],
        agent: "hog",
        capability: "numbers",
        params: { count: 500_000 },
        timeout: 60,
      })),
      {
        name: "last",
        ...idle,
        needs: Array.from({ length: 8 }, (_, n) => `n${n}`),
        params: { ms: "${{ size(steps.n0.output.numbers) - 500000 }}" },
      },
    ],
  }),
  once("ask", { count: 100, characters: 1_000_000 }),
  once("keys", { count: 200_000 }),
  once("deep", { depth: 20_000 }),
  workflow("deep_output", {
    steps: [{ name: "only", agent: "hog", capability: "deep", params: { depth: 20_000 } }],
    outputs: { deep: "${{ steps.only.output }}", numbered: { 1: 1 } },
  }),
  once("fail", { characters: 30_000_000 }),
];

/** @throws {Error} for a name that no attack has. */
export function attackNamed(name: string): Attack {
  const found = attacks.find((attack) => attack.name === name);
  if (!found) throw new Error(`no attack is named "${name}"`);
  return found;
}
