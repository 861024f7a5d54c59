// The files that the user named as outputs in this step's options, and the files of the input artifact, which can only
// be read.

import { PIECE, readAll } from "./assets.js";
import { call, contract } from "./contract.js";
import { decode, encode } from "./text.js";
import { StepError } from "./errors.js";

export class Output {
  /** @param {import("../contract.d.ts").Output} raw */
  constructor(raw) {
    this.raw = raw;
  }

  get path() {
    return this.raw.path();
  }

  get exists() {
    return this.raw.exists();
  }

  get isDirectory() {
    return this.raw.isDirectory();
  }

  /** @param {string} name */
  child(name) {
    return new Output(call(() => this.raw.child(name)));
  }

  read(limit = 16 * PIECE) {
    return readAll(
      (offset) => this.raw.read(offset, PIECE),
      (bytes) => {
        if (bytes <= limit) return;
        throw new StepError(`\`${this.path}\` is larger than the ${limit} bytes that are read of it`);
      },
    );
  }

  readText(limit = 16 * PIECE) {
    return decode(this.read(limit));
  }

  /**
   * @param {Uint8Array | string} content
   * @param {number | null} [mode]
   */
  replace(content, mode = null) {
    const bytes = typeof content === "string" ? encode(content) : content;
    call(() => this.raw.replace(bytes, mode));
  }

  /**
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  locked(work) {
    const guard = call(() => this.raw.lock());
    try {
      return work();
    } finally {
      guard[Symbol.dispose]();
    }
  }

  /**
   * @template {string} Algorithm
   * @param {readonly Algorithm[]} algorithms
   * @returns {Record<Algorithm, string>}
   */
  digest(algorithms) {
    const digests = call(() => this.raw.digest([...algorithms]));
    const pairs = algorithms.map((algorithm, place) => [algorithm, digests[place]]);
    return /** @type {Record<Algorithm, string>} */ (Object.fromEntries(pairs));
  }
}

export class Archive {
  /** @type {import("../contract.d.ts").Archive} */
  #raw;

  /**
   * @param {string} container
   * @param {string} compression
   * @param {number} [level]
   */
  constructor(container, compression, level) {
    this.#raw = new (contract("outputs").Archive)(container, compression);
    if (level !== undefined) this.#raw.level(level);
  }

  /**
   * @param {Output} file
   * @param {string} name
   */
  add(file, name) {
    call(() => this.#raw.add(file.raw, name));
  }

  /** @param {Output} to */
  write(to) {
    return call(() => this.#raw.write(to.raw));
  }

  get cores() {
    return this.#raw.cores();
  }
}

/** @param {string} path */
export function open(path) {
  return new Output(call(() => contract("outputs").open(path)));
}

/**
 * @param {string} at
 * @param {Record<string, string>} data
 */
export function openRendered(at, data) {
  return new Output(call(() => contract("outputs").openRendered(at, Object.entries(data))));
}

/** @param {string} pattern */
export function matching(pattern) {
  return call(() => contract("outputs").matching(pattern));
}
