/** Currencies that are quoted in hundredths. Pure. */

/** ISO 4217 codes by the codes that exchanges use for their hundredths. */
const hundredths: Readonly<Record<string, string>> = {
  GBp: "GBP",
  GBX: "GBP",
  ILA: "ILS",
  ZAc: "ZAR",
};

/**
 * How many units of the second currency one of the first is: 1 for the same, 100 for GBP in GBp;
 * undefined for currencies whose rate changes.
 */
export function perUnitOf(from: string | null, to: string | null): number | undefined {
  if (from === to || from === null || to === null) return 1;
  const [major, toMajor] = [hundredths[from] ?? from, hundredths[to] ?? to];
  if (major !== toMajor) return undefined;
  return (from in hundredths ? 0.01 : 1) * (to in hundredths ? 100 : 1);
}
