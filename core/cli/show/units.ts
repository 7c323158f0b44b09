/** Times, durations, sizes and prices as people read them. */

/** `6ms`, `8.2s`, `2m 5s`, `3h 10m`, `4d 2h`; `-` for none. */
export function secondsText(seconds: number | null): string {
  if (seconds === null) return "-";
  if (seconds < 0.9995) return `${Math.round(seconds * 1_000)}ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)}h ${Math.floor(whole % 3_600 / 60)}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor(whole % 86_400 / 3_600)}h`;
}

/** How long ago an ISO instant was: `just now`, `12s ago`, `2m ago`; `-` for none. */
export function agoText(instant: string | null, nowMs: number): string {
  if (instant === null) return "-";
  const seconds = Math.floor((nowMs - Date.parse(instant)) / 1_000);
  if (Number.isNaN(seconds)) return instant;
  if (seconds < 5) return "just now"; // or a clock that is a little ahead
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}

/** `$258.71`, `14.20 EUR`, `0.00001234 BTC`; without a currency the bare number. */
export function priceText(price: number, currency: string | null): string {
  const digits = Math.abs(price) >= 1 || price === 0 ? price.toFixed(2) : smallNumber(price);
  if (currency === "USD") return price < 0 ? `-$${digits.slice(1)}` : `$${digits}`;
  return currency ? `${digits} ${currency}` : digits;
}

/** `61.4 MB`, of a million bytes. */
export function megabytesText(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** `1 step`, `2 steps`; pass the plural of an irregular noun. */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** Four significant digits without an exponent. */
function smallNumber(value: number): string {
  const digitsMax = 20;
  const digits = Math.min(digitsMax, 3 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(digits);
}
