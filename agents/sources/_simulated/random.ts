/**
 * Numbers that look random and are a pure function of their keys, the same on every machine:
 * integer arithmetic alone, because the standard leaves the last digits of `Math.exp`, `Math.log`
 * and the like to the engine.
 */

/** A text as 32 bits (FNV-1a over its UTF-16 units, then mixed). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(hash, text.length);
}

/** Two keys as 32 bits (the finalizer of MurmurHash3, which sends every bit everywhere). */
export function mix(key: number, other: number): number {
  let hash = Math.imul(key ^ Math.imul(other, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** 32 bits as a number from 0 up to, not including, 1. */
export function uniform(hash: number): number {
  return (hash >>> 0) / 0x1_0000_0000;
}

/**
 * 32 bits as a number of nearly normal distribution, mean 0 and deviation 1: the sum of four
 * bytes (Irwin-Hall). Never beyond 3.47 either way, which keeps prices positive.
 */
export function normal(hash: number): number {
  const sum = (hash & 0xff) + ((hash >>> 8) & 0xff) + ((hash >>> 16) & 0xff) + (hash >>> 24);
  // four uniform bytes: mean 4 * 127.5, variance 4 * (256² - 1) / 12
  return (sum - 510) / byteSumDeviation;
}

const byteSumDeviation = Math.sqrt((4 * (256 * 256 - 1)) / 12);
