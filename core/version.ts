/** The version of daemon and CLI. */

export const version = "0.1.0";
