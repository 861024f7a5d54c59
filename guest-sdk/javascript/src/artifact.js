// What a builder or an earlier post-processor made.

import { call } from "./contract.js";

export class Artifact {
  /** @type {import("../contract.d.ts").Artifact} */
  #raw;

  /** @param {import("../contract.d.ts").Artifact} raw */
  constructor(raw) {
    this.#raw = raw;
  }

  get builderId() {
    return this.#raw.builderId();
  }

  get id() {
    return this.#raw.id();
  }

  get description() {
    return this.#raw.description();
  }

  get files() {
    return this.#raw.files();
  }

  /** @param {string} name */
  fileSize(name) {
    return call(() => this.#raw.fileSize(name));
  }
}
