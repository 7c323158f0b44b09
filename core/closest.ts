/** The "did you mean" of error messages. */

/** The known word nearest to a mistyped one; undefined when none is close enough. */
export function closest(word: string, known: readonly string[]): string | undefined {
  // Always below the word's length; otherwise any one-letter word is close to any other.
  const distanceMax = Math.min(word.length - 1, Math.max(1, Math.floor(word.length / 3)));
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), distanceMax);
    if (distance <= distanceMax && (!best || distance < best.distance)) {
      best = { word: candidate, distance };
    }
  }
  return best?.word;
}

/** Levenshtein's distance; some number above `max` when the distance exceeds `max`. */
function editDistance(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      current.push(Math.min(
        (above[column] ?? max) + 1,
        (current[column - 1] ?? max) + 1,
        (above[column - 1] ?? max) + change,
      ));
    }
    above = current;
  }
  return above[b.length] ?? max + 1;
}
