// What is asked of the step.

import { call } from "./contract.js";

export class Job {
  /** @type {import("../contract.d.ts").Job} */
  #raw;

  /** @param {import("../contract.d.ts").Job} raw */
  constructor(raw) {
    this.#raw = raw;
  }

  get buildName() {
    return this.#raw.buildName();
  }

  get buildType() {
    return this.#raw.buildType();
  }

  /** @param {string} key */
  generated(key) {
    return this.#raw.generated(key);
  }

  get runId() {
    return this.#raw.runId();
  }

  get debug() {
    return this.#raw.debug();
  }

  get force() {
    return this.#raw.force();
  }

  get onError() {
    return this.#raw.onError();
  }

  get now() {
    return this.#raw.now();
  }

  /** @param {number} limit */
  random(limit) {
    // componentize-qjs 0.4.5 takes and gives numbers above 2 ** 31 - 1 as negative ones.
    return this.#raw.random(limit | 0) >>> 0;
  }

  /** @param {string} prefix */
  temporaryPath(prefix) {
    const digits = this.random(2 ** 32 - 1).toString(16).padStart(8, "0");
    return `/tmp/${prefix}-${digits}`;
  }

  /** @param {number} milliseconds */
  sleep(milliseconds) {
    call(() => this.#raw.sleep(milliseconds));
  }
}
