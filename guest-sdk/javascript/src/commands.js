// Commands on the instance: how they end, what they said, and running ones.

import { call, contract } from "./contract.js";
import { decode, encode } from "./text.js";
import { StepError } from "./errors.js";

/** @typedef {import("../contract.d.ts").Exit} Exit */

export class Outcome {
  /**
   * @param {Exit} exit
   * @param {{ stdout?: Uint8Array, stderr?: Uint8Array, truncated?: boolean }} [output]
   */
  constructor(exit, { stdout = new Uint8Array(), stderr = new Uint8Array(), truncated = false } = {}) {
    this.exit = exit;
    this.stdout = stdout;
    this.stderr = stderr;
    this.truncated = truncated;
  }

  get ok() {
    return this.exit.tag === "code" && this.exit.val === 0;
  }

  get stdoutText() {
    return decode(this.stdout);
  }

  get stderrText() {
    return decode(this.stderr);
  }

  get reason() {
    switch (this.exit.tag) {
      case "code":
        return this.stderrText.trim() || `exit code ${this.exit.val}`;
      case "signal":
        return `ended by signal ${this.exit.val}`;
      case "lost":
        return "the connection was lost";
    }
  }

  /** @param {string} [doing] */
  check(doing) {
    if (this.ok) return this;
    throw new StepError(this.reason, { code: "remote", context: doing === undefined ? [] : [doing] });
  }
}

/**
 * componentize-qjs 0.4.5 gives codes above 2 ** 31 - 1, which Windows has, as negative ones.
 *
 * @param {Exit} exit
 * @returns {Exit}
 */
const exitOf = (exit) => (exit.tag === "code" ? { tag: "code", val: exit.val >>> 0 } : exit);

/**
 * @param {import("../contract.d.ts").Outcome} raw
 * @param {boolean} captured
 */
export function outcomeOf(raw, captured) {
  const exit = exitOf(raw.exit());
  if (!captured) return new Outcome(exit);
  return new Outcome(exit, { stdout: raw.stdout(), stderr: raw.stderr(), truncated: raw.truncated() });
}

/**
 * A `command` of the contract with what `run` and `spawn` have in common.
 *
 * @param {string} line
 * @param {import("../index.d.ts").SpawnOptions} options
 */
export function command(line, { env = {}, stdin, stdinOpen = false, pty = false, runAs, timeout }) {
  const made = new (contract("exec").Command)(line);
  for (const [name, value] of Object.entries(env)) call(() => made.env(name, value));
  if (typeof stdin === "string") made.stdin(encode(stdin));
  else if (stdin instanceof Uint8Array) made.stdin(stdin);
  else if (stdin !== undefined) made.stdinAsset(stdin.raw);
  if (stdinOpen) made.stdinOpen();
  if (pty) made.pty(true);
  if (runAs !== undefined) made.runAs(runAs);
  if (timeout !== undefined) made.timeout(timeout);
  return made;
}

export class Process {
  /** @type {import("../contract.d.ts").Process} */
  #raw;
  /** @type {Exit | undefined} */
  exit;

  /** @param {import("../contract.d.ts").Process} raw */
  constructor(raw) {
    this.#raw = raw;
  }

  /** @returns {Generator<["stdout" | "stderr", Uint8Array]>} */
  *[Symbol.iterator]() {
    while (!this.exit) {
      const event = call(() => this.#raw.next());
      if (event.tag === "exited") this.exit = exitOf(event.val);
      else yield [event.tag, event.val];
    }
  }

  /** @param {Uint8Array | string} content */
  write(content) {
    let rest = typeof content === "string" ? encode(content) : content;
    while (rest.length > 0) {
      const taken = call(() => this.#raw.writeStdin(rest));
      rest = rest.subarray(taken);
    }
  }

  closeStdin() {
    call(() => this.#raw.closeStdin());
  }

  /** @param {string} name */
  signal(name) {
    call(() => this.#raw.signal(name));
  }

  end() {
    this.#raw[Symbol.dispose]();
  }
}
