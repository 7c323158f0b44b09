/**
 * Realised volatility of a price, by seven estimators. Pure. Every value is annualised: the square
 * root of the variance a period times the periods a year (252 sessions for daily bars of shares).
 *
 * | estimator | of | source |
 * |---|---|---|
 * | close | closes | sample standard deviation of log returns |
 * | parkinson | high, low | M. Parkinson, J. of Business 53 (1980), 61–65 |
 * | garman_klass | open, high, low, close | M. Garman, M. Klass, J. of Business 53 (1980), 67–78 |
 * | rogers_satchell | the same | L. Rogers, S. Satchell, Ann. Appl. Probab. 1 (1991), 504–512 |
 * | garman_klass_overnight | these, and the close before | Yang and Zhang, below |
 * | yang_zhang | the same | D. Yang, Q. Zhang, J. of Business 73 (2000), 477–491 |
 * | ewma | closes | J.P. Morgan, RiskMetrics Technical Document (1996), 5.2 |
 *
 * `close` takes the `window - 1` returns within a window of closes, the others `window` bars.
 */

/** What is used of a bar; prices above 0. */
export interface Prices {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export const estimators = [
  "close",
  "parkinson",
  "garman_klass",
  "rogers_satchell",
  "garman_klass_overnight",
  "yang_zhang",
  "ewma",
] as const;
export type Estimator = (typeof estimators)[number];

export interface VolatilityOptions {
  /** Bars in a window, at least 2; no matter to `ewma`. */
  readonly window: number;
  readonly periodsPerYear: number;
  /** Weight of the past in `ewma`, 0 to 1; 0.94 is RiskMetrics' for days. */
  readonly lambda: number;
}

/** The annualised volatility at each bar (oldest first); null before there are enough of them. */
export function volatilitySeries(
  bars: readonly Prices[],
  estimator: Estimator,
  options: VolatilityOptions,
): (number | null)[] {
  const variances = estimator === "ewma"
    ? ewma(bars, options.lambda)
    : windowed(bars, estimator, options.window);
  return variances.map((variance) =>
    variance === null ? null : Math.sqrt(Math.max(0, variance) * options.periodsPerYear)
  );
}

/** How many bars an estimator needs for its first value. */
export function barsNeeded(estimator: Estimator, window: number): number {
  if (estimator === "ewma") return 2;
  const needsCloseBefore = estimator === "yang_zhang" || estimator === "garman_klass_overnight";
  return needsCloseBefore ? window + 1 : window;
}

function windowed(
  bars: readonly Prices[],
  estimator: Exclude<Estimator, "ewma">,
  window: number,
): (number | null)[] {
  const needed = barsNeeded(estimator, window);
  return bars.map((_, index) => {
    if (index + 1 < needed) return null;
    const within = bars.slice(index + 1 - window, index + 1);
    return variance(within, bars[index - window], estimator);
  });
}

/** The variance a period over a window of bars; `before` is the bar before them. */
function variance(
  bars: readonly Prices[],
  before: Prices | undefined,
  estimator: Exclude<Estimator, "ewma">,
): number {
  const closesBefore = [before, ...bars].slice(0, bars.length).map((bar) => bar?.close ?? NaN);
  const overnight = bars.map(({ open }, index) => Math.log(open / (closesBefore[index] ?? NaN)));
  switch (estimator) {
    case "close":
      return sampleVariance(returnsOf(bars));
    case "parkinson":
      return mean(bars.map(({ high, low }) => Math.log(high / low) ** 2)) / (4 * Math.LN2);
    case "garman_klass":
      return mean(bars.map(garmanKlass));
    case "garman_klass_overnight":
      return mean(bars.map((bar, index) => (overnight[index] ?? 0) ** 2 + garmanKlass(bar)));
    case "rogers_satchell":
      return mean(bars.map(rogersSatchell));
    case "yang_zhang": {
      const openToClose = bars.map(({ open, close }) => Math.log(close / open));
      const n = bars.length;
      // the weight that makes the variance of the estimate least
      const k = 0.34 / (1.34 + (n + 1) / (n - 1));
      return sampleVariance(overnight) + k * sampleVariance(openToClose) +
        (1 - k) * mean(bars.map(rogersSatchell));
    }
  }
}

function garmanKlass({ open, high, low, close }: Prices): number {
  return 0.5 * Math.log(high / low) ** 2 - (2 * Math.LN2 - 1) * Math.log(close / open) ** 2;
}

function rogersSatchell({ open, high, low, close }: Prices): number {
  return Math.log(high / close) * Math.log(high / open) +
    Math.log(low / close) * Math.log(low / open);
}

/** Begins with the first squared return; null at the first bar, which has no return. */
function ewma(bars: readonly Prices[], lambda: number): (number | null)[] {
  let variance: number | undefined;
  const later = returnsOf(bars).map((value) =>
    variance = variance === undefined ? value ** 2 : lambda * variance + (1 - lambda) * value ** 2
  );
  return bars.length === 0 ? [] : [null, ...later];
}

function returnsOf(bars: readonly Prices[]): number[] {
  return bars.slice(1).map(({ close }, index) => Math.log(close / (bars[index]?.close ?? NaN)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sampleVariance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}
