// Words for the person who watches, bounded and cleaned by the host.

import { contract } from "./contract.js";

/** @param {string} text */
export function say(text) {
  contract("ui").say(text);
}

/** @param {string} text */
export function message(text) {
  contract("ui").message(text);
}

/** @param {string} text */
export function error(text) {
  contract("ui").error(text);
}

/**
 * @param {import("../contract.d.ts").Level} level
 * @param {string} text
 * @param {Record<string, string>} [fields]
 */
export function log(level, text, fields = {}) {
  contract("ui").log(level, text, Object.entries(fields));
}

/**
 * @param {string} what
 * @param {number} done
 * @param {number | null} [total]
 */
export function progress(what, done, total = null) {
  contract("ui").progress(what, done, total);
}
