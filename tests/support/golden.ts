/**
 * Golden values: those of `tests/golden`, or of the folder that the variable GOLDEN_DIR names,
 * which has files of the same names and form.
 */

import ownCalendar from "../golden/nyse-calendar.json" with { type: "json" };
import ownSeries from "../golden/series.json" with { type: "json" };
import ownVolatility from "../golden/volatility.json" with { type: "json" };

const folder = Deno.env.get("GOLDEN_DIR");

export const goldenCalendar = await read("nyse-calendar.json", ownCalendar);
export const goldenSeries = await read("series.json", ownSeries);
export const goldenVolatility = await read("volatility.json", ownVolatility);

async function read<T>(name: string, own: T): Promise<T> {
  return folder ? JSON.parse(await Deno.readTextFile(`${folder}/${name}`)) : own;
}
