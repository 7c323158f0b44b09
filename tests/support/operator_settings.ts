/** What an operator says of agents in tests: nothing, unless agents.yaml or the test does. */

import {
  OperatorSettings,
  type OperatorSettingsOptions,
} from "../../core/host/settings/operator_settings.ts";
import type { Settled } from "../../core/host/settings/settle.ts";

export function operatorSettings(
  agentsFolder: string,
  options: Partial<OperatorSettingsOptions> = {},
): OperatorSettings {
  const none = { variables: {}, shipped: {}, secrets: {} };
  return new OperatorSettings({ agentsFolder, dataFolder: agentsFolder, ...none, ...options });
}

/** What an agent is told that has no configuration and asks for no rights. */
export const nothingSettled: Settled = {
  fields: [],
  values: {},
  grants: {},
  isolation: undefined,
  collections: {},
  problems: [],
};
