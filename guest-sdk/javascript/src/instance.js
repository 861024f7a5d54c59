// The machine being built: what it is, commands on it, and files to and from it.

import { Asset } from "./assets.js";
import { Process, command, outcomeOf } from "./commands.js";
import { Staged } from "./staging.js";
import { call, contract } from "./contract.js";
import { encode } from "./text.js";

export class Instance {
  /** @param {import("../contract.d.ts").Instance} raw */
  constructor(raw) {
    this.raw = raw;
  }

  get communicator() {
    return this.raw.communicator();
  }

  get osFamily() {
    return this.raw.osFamily();
  }

  get shellFamily() {
    return this.raw.shellFamily();
  }

  get arch() {
    return this.raw.arch();
  }

  get user() {
    return this.raw.user();
  }

  /**
   * @param {string} line
   * @param {import("../index.d.ts").RunOptions} [options]
   */
  run(line, { capture, discard = false, ...options } = {}) {
    const made = command(line, options);
    if (capture !== undefined) made.capture(capture);
    else if (discard) made.discard();
    return outcomeOf(
      call(() => made.run(this.raw)),
      capture !== undefined,
    );
  }

  /**
   * @param {string} line
   * @param {import("../index.d.ts").SpawnOptions} [options]
   */
  spawn(line, options = {}) {
    const made = command(line, options);
    return new Process(call(() => made.spawn(this.raw)));
  }

  /**
   * @param {Asset | Uint8Array | string} source
   * @param {string} path
   * @param {number | null} [mode]
   */
  upload(source, path, mode = null) {
    if (source instanceof Asset) return call(() => contract("upload").file(this.raw, source.raw, path, mode));
    const content = typeof source === "string" ? encode(source) : source;
    return call(() => contract("upload").bytes(this.raw, content, path, mode));
  }

  /**
   * @param {Asset} source
   * @param {string} path
   */
  uploadDirectory(source, path) {
    return call(() => contract("upload").directory(this.raw, source.raw, path));
  }

  /**
   * @param {Asset | Uint8Array | string} source
   * @param {string} path
   */
  stage(source, path) {
    const staged = new Staged(this, contract("upload").TemporaryFile.register(this.raw, path), path);
    this.upload(source, path, 0o600);
    return staged;
  }

  /**
   * @param {string} path
   * @param {import("./outputs.js").Output} to
   */
  download(path, to) {
    return call(() => contract("download").file(this.raw, path, to.raw));
  }

  /**
   * @param {string} path
   * @param {import("./outputs.js").Output} to
   */
  downloadDirectory(path, to) {
    return call(() => contract("download").directory(this.raw, path, to.raw));
  }

  /** @param {number} milliseconds */
  reconnect(milliseconds) {
    call(() => contract("reconnect").wait(this.raw, milliseconds));
  }
}
