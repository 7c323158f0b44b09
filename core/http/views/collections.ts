/** Collections as the API shows them. */

import type { CollectionUse } from "../../collections/uses.ts";
import type { CollectionView } from "../agents_api.ts";

export function collectionView(use: CollectionUse): CollectionView {
  const { name, key, history, retainDays, isDeclared, values, bytes, misfits, isChecked } = use;
  return {
    name,
    key,
    history,
    retain_days: retainDays,
    declared: isDeclared,
    values,
    bytes,
    misfits,
    checked: isChecked,
  };
}
