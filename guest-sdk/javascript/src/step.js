// The two kinds of steps, and what may be wrong with their options.

import { schemaOf } from "./options.js";

/** @param {any} step */
export function provisioner(step) {
  return checked("provisioner", step);
}

/** @param {any} step */
export function postProcessor(step) {
  return checked("post-processor", step);
}

/**
 * @param {"provisioner" | "post-processor"} kind
 * @param {any} step
 */
function checked(kind, step) {
  if (typeof step.name !== "string" || step.name === "") throw new TypeError("a step must have a `name`");
  if (typeof step.run !== "function") throw new TypeError(`\`${step.name}\` must have a function \`run\``);
  return Object.freeze({ kind, ...step, schema: schemaOf(step) });
}

export const diagnostic = {
  /**
   * @param {string} at
   * @param {string} message
   * @param {string} [hint]
   * @returns {import("../index.d.ts").Diagnostic}
   */
  error: (at, message, hint) => ({ severity: "error", at, message, hint }),

  /**
   * @param {string} at
   * @param {string} message
   * @param {string} [hint]
   * @returns {import("../index.d.ts").Diagnostic}
   */
  warning: (at, message, hint) => ({ severity: "warning", at, message, hint }),
};
