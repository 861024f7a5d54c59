// Tests of the built component. Documented in ../testing.d.ts.

import { AssertionError } from "node:assert";
import { fileURLToPath } from "node:url";
import { spawnSync } from "node:child_process";
import { build } from "./component.js";
import { readProject } from "./project.js";

export class Component {
  /**
   * @param {string} project
   * @param {string} file
   */
  constructor(project, file) {
    this.project = project;
    this.file = file;
  }

  /** @param {URL | string} folder */
  static async build(folder) {
    const project = readProject(folder instanceof URL ? fileURLToPath(folder) : folder);
    return new Component(project.folder, await build(project));
  }

  /**
   * @param {Record<string, unknown>} options
   * @param {import("../testing.d.ts").RunOptions} [more]
   */
  run(options, { against, artifact = [], grant = [] } = {}) {
    return this.#kilnbox("run", [
      "--config",
      JSON.stringify(options),
      ...(against === undefined ? [] : ["--against", against]),
      ...artifact.flatMap((file) => ["--artifact", file]),
      ...grant.flatMap((capability) => ["--grant", capability]),
    ]);
  }

  check() {
    return this.#kilnbox("check", []);
  }

  /**
   * @param {string} what
   * @param {string[]} args
   */
  #kilnbox(what, args) {
    const program = process.env.KILNBOX ?? "kilnbox";
    const { status, stdout, stderr, error } = spawnSync(program, ["plugin", what, this.file, ...args], {
      cwd: this.project,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (error) {
      const hint = "hint: install Kilnbox, or set the environment variable `KILNBOX` to the program";
      throw new AssertionError({ message: `\`${program}\` does not start: ${error.message}\n${hint}` });
    }
    return new Run(status === 0, stdout, stderr);
  }
}

export class Run {
  /**
   * @param {boolean} succeeded
   * @param {string} stdout
   * @param {string} stderr
   */
  constructor(succeeded, stdout, stderr) {
    this.succeeded = succeeded;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  success() {
    if (this.succeeded) return this;
    throw new AssertionError({ message: `the step did not succeed\n${this.stdout}${this.stderr}` });
  }

  /** @param {string} words */
  failure(words) {
    if (!this.succeeded && this.stderr.includes(words)) return this;
    const ended = this.succeeded ? "the step succeeded" : "the step failed in other words";
    throw new AssertionError({ message: `${ended}, and \`${words}\` was expected\n${this.stdout}${this.stderr}` });
  }
}
