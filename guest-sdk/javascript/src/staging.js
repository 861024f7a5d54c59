// Files that are uploaded under a temporary name, then put in place with the right owner and mode.

import { call } from "./contract.js";
import { doing } from "./errors.js";
import { quote } from "./shell.js";

/** Bytes of `install`'s output that are kept for the error. */
const KEPT = 4096;

/**
 * Held to the end, so that the host removes all of them after the run, in the order they were made.
 *
 * @type {unknown[]}
 */
const held = [];

export class Staged {
  /** @type {import("../contract.d.ts").TemporaryFile} */
  #raw;
  /** @type {import("./instance.js").Instance} */
  #instance;

  /**
   * @param {import("./instance.js").Instance} instance
   * @param {import("../contract.d.ts").TemporaryFile} raw
   * @param {string} path
   */
  constructor(instance, raw, path) {
    this.#instance = instance;
    this.#raw = raw;
    this.path = path;
    held.push(raw);
  }

  /**
   * @param {string} path
   * @param {{ mode?: number, sudo?: boolean }} [options]
   */
  install(path, { mode = 0o644, sudo = false } = {}) {
    const bits = mode.toString(8).padStart(4, "0");
    const line = `${sudo ? "sudo -n " : ""}install -D -m ${bits} ${quote(this.path)} ${quote(path)}`;
    doing(`installing ${path}`, () => this.#instance.run(line, { capture: KEPT }).check());
  }

  remove() {
    call(() => this.#raw.remove());
  }

  keep() {
    this.#raw.keep();
  }
}
