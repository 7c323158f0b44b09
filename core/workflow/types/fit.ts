/** Whether what an expression gives can be what is wanted of it. Pure. */

import { type Shape, shapeText, waysOf } from "./shape.ts";
import { shown } from "../../yaml/wording.ts";

/** How deep two shapes are compared; what is deeper fits. */
const depthMax = 4;
/** How many pairs of ways are compared at each depth; more of them fit. */
const pairsMax = 16;

/**
 * Why no value of a shape can be what is wanted: a phrase after the value's name; undefined when
 * one may fit. Lists fit by their items, as if they had some.
 */
export function misfit(found: Shape, wanted: Shape, depth = 0): string | undefined {
  const foundWays = waysOf(found);
  const wantedWays = waysOf(wanted);
  if (!foundWays || !wantedWays || depth > depthMax) return undefined;
  if (foundWays.length * wantedWays.length > pairsMax) return undefined;
  const reasons: (string | undefined)[] = [];
  for (const one of foundWays) {
    for (const other of wantedWays) {
      if (one.kind !== other.kind) continue;
      const reason = misfitOfKind(one, other, depth);
      if (reason === undefined) return undefined;
      reasons.push(reason);
    }
  }
  return reasons[0] ?? `must be ${shapeText(wanted)}, and the expression gives ${shapeText(found)}`;
}

function misfitOfKind(found: Shape, wanted: Shape, depth: number): string | undefined {
  if (found.kind === "list" && wanted.kind === "list") {
    const reason = misfit(found.item(), wanted.item(), depth + 1);
    return reason && `has items of which each ${reason}`;
  }
  if (found.kind !== "map" || wanted.kind !== "map") return undefined;
  for (const [name, { isRequired }] of wanted.fields) {
    const isGiven = found.fields.has(name) || found.rest !== undefined;
    if (isRequired && !isGiven) return `must have ${shown(name)}, which the expression lacks`;
  }
  for (const [name, { shape, isRequired }] of found.fields) {
    const other = wanted.fields.get(name)?.shape ?? wanted.rest;
    if (!isRequired) continue;
    if (!other) return `has no place for ${shown(name)}, which the expression gives`;
    const reason = misfit(shape(), other(), depth + 1);
    if (reason) return `has ${shown(name)}, which ${reason}`;
  }
  return undefined;
}
