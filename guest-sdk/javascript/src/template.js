// Renders this step's own options of the kind `runtimeTemplate`.

import { call, contract } from "./contract.js";

/**
 * @param {string} at
 * @param {Record<string, string>} data
 */
export function render(at, data) {
  return call(() => contract("template").render(at, Object.entries(data)));
}
