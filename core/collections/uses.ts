/** Summarises collections for people: the declared ones and the stored ones. Pure. */

import type { StoredCollection } from "../store/reads/collections.ts";
import type { Declared } from "./declared.ts";

export interface CollectionUse {
  readonly name: string;
  readonly key: readonly string[];
  readonly history: boolean;
  readonly retainDays: number | null;
  /** False if the manifest no longer has a collection of this name and key; its values remain. */
  readonly isDeclared: boolean;
  /** All versions together. */
  readonly values: number;
  readonly bytes: number;
  /** The number of values that do not fit the schema, and whether all were checked. */
  readonly misfits: number;
  readonly isChecked: boolean;
}

/** The collections that an agent declares, then stored ones that it no longer declares. */
export function usesOf(
  declared: readonly Declared[],
  rows: readonly StoredCollection[],
): readonly CollectionUse[] {
  const rowOf = ({ name, key }: Declared): StoredCollection | undefined => {
    const keyParts = JSON.stringify(key);
    return rows.find((row) => row.name === name && row.keyParts === keyParts);
  };
  const known = new Set(declared.map(rowOf));
  return [
    ...declared.map((one) => toUse(one, rowOf(one))),
    ...rows.filter((row) => !known.has(row)).map(toOrphan),
  ];
}

function toUse(declared: Declared, row: StoredCollection | undefined): CollectionUse {
  const { name, key, history, retainDays, schemaHash } = declared;
  return {
    name,
    key,
    history,
    retainDays,
    isDeclared: true,
    values: row?.values ?? 0,
    bytes: row?.bytes ?? 0,
    misfits: row?.misfits ?? 0,
    isChecked: row === undefined || row.schemaHash === schemaHash,
  };
}

function toOrphan({ name, keyParts, values, bytes, misfits }: StoredCollection): CollectionUse {
  return {
    name,
    key: JSON.parse(keyParts) as readonly string[],
    history: false,
    retainDays: null,
    isDeclared: false,
    values,
    bytes,
    misfits,
    isChecked: true,
  };
}
