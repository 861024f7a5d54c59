/**
 * What an author of a Kilnbox step in JavaScript or TypeScript depends on.
 *
 * A step is an object: its options, each described once, and a function `run`. `kilnbox-step build` makes the module's
 * default export a component, which imports the capabilities that package.json lists and nothing of WASI: a step has no
 * clock, no file and no socket of its own, only what the modules here give. Every call waits by itself, so nothing is
 * `async`.
 *
 * ```js
 * import { option, provisioner, quote, ui } from "kilnbox-step";
 *
 * export default provisioner({
 *   name: "apt",
 *   description: "Installs packages with apt.",
 *   options: { packages: option.list(option.string(), "Packages to install.") },
 *   run(options, instance) {
 *     ui.say(`Installing ${options.packages.length} packages`);
 *     const line = `apt-get install -y ${options.packages.map(quote).join(" ")}`;
 *     instance.run(line, { env: { DEBIAN_FRONTEND: "noninteractive" } }).check("installing the packages");
 *   },
 * });
 * ```
 *
 * Logic that calls no capability can be tested with plain `node:test`: importing the SDK works outside a component,
 * where a call of a capability throws a `StepError`.
 */

import type { Artifact as RawArtifact, Asset as RawAsset, ErrorCode, Exit, Instance as RawInstance, Level } from "./contract.js";
import type { Job as RawJob, Output as RawOutput, Process as RawProcess, TemporaryFile } from "./contract.js";

export type { ErrorCode, Exit, Level } from "./contract.js";

// ---- steps ----------------------------------------------------------------------------------------------------------

interface About<Described extends Options> {
  /** The name that the user writes as `type`. */
  name: string;
  /** What the step is for; heads its page of documentation. */
  description?: string;
  /** Blocks of a template, for the page of documentation. */
  examples?: readonly Record<string, unknown>[];
  /** What the user may write; nothing else is allowed. */
  options: Described;
  /** Checks what the schema cannot say. No capability answers meanwhile. */
  validate?(options: Values<Described>): Diagnostic[];
}

export interface Provisioner<Described extends Options = Options> extends About<Described> {
  /** Does the work. Runs in a fresh component each time, also for a retry. */
  run(options: Values<Described>, instance: Instance, job: Job): void;
}

export interface PostProcessor<Described extends Options = Options> extends About<Described> {
  /** Does the work. Runs in a fresh component each time, also for a retry. */
  run(options: Values<Described>, artifact: Artifact, job: Job): Processed;
}

/** What is added to a step when it is declared. */
export interface Declared {
  readonly kind: "provisioner" | "post-processor";
  /** The JSON Schema of the options. */
  readonly schema: Record<string, unknown>;
}

/** Declares a step that works on the instance being built: `export default provisioner({ … })`. */
export function provisioner<const Described extends Options>(step: Provisioner<Described>): Readonly<Provisioner<Described>> & Declared;

/** Declares a step that works on the artifact of a builder or of an earlier post-processor. */
export function postProcessor<const Described extends Options>(step: PostProcessor<Described>): Readonly<PostProcessor<Described>> & Declared;

/** One thing wrong with the options. */
export interface Diagnostic {
  severity: "error" | "warning";
  /** JSON pointer of the option; empty for the whole. */
  at: string;
  message: string;
  hint?: string;
}

export const diagnostic: {
  /** Something that keeps the template from being built. */
  error(at: string, message: string, hint?: string): Diagnostic;
  /** Something that the user should know and that does not stop the build. */
  warning(at: string, message: string, hint?: string): Diagnostic;
};

/** What a post-processor returns: its input as it is, or a new artifact. */
export type Processed =
  | "unchanged"
  | {
      /** Who made it, a name of your own such as `acme.release-note`. */
      builderId: string;
      /** What it is, for later steps. */
      id: string;
      /** As it is shown to people. */
      description: string;
      /** Paths that the user named as outputs, files that a pattern of the user matched, or the input's files. */
      files?: readonly string[];
      /** Whether the input stays when the user did not say so. Default: no. */
      keepInput?: boolean;
      /** Whether the input stays even when the user said it should not. */
      mustKeepInput?: boolean;
    };

// ---- options --------------------------------------------------------------------------------------------------------

/** One option, whose value is a `Value`. Made with `option`. */
export interface Option<Value> {
  readonly keywords: Record<string, unknown>;
  read(value: unknown, at: string): Value;
}

export type Options = Record<string, Option<unknown>>;

/** The values that `run` gets of the options described. */
export type Values<Described extends Options> = {
  [Name in keyof Described]: Described[Name] extends Option<infer Value> ? Value : never;
};

/** What may be said of any option. Without `default` and `optional` the user must write it. */
export interface More<Written> {
  /** The value where the user writes none, as it would be written. */
  default?: Written;
  /** It may be left out; it is `null` then. */
  optional?: boolean;
  /** Further keywords of JSON Schema, such as `{ minimum: 1 }`. */
  schema?: Record<string, unknown>;
}

type Made<Value, Given> = Option<Given extends { optional: true } ? Value | null : Value>;

/** `option.string("The file on the instance.", { default: "/etc/motd" })` */
type Describe<Value, Written = Value> = <const Given extends More<Written> = {}>(description?: string, more?: Given) => Made<Value, Given>;

/** Kinds of options. Each writes its part of the JSON Schema. */
export const option: {
  string: Describe<string>;
  boolean: Describe<boolean>;
  integer: Describe<number>;
  number: Describe<number>;
  /** One of a few texts. */
  oneOf<const Word extends string, const Given extends More<Word> = {}>(
    values: readonly Word[],
    description?: string,
    more?: Given,
  ): Made<Word, Given>;
  list<Item, const Given extends More<readonly unknown[]> = {}>(
    item: Option<Item>,
    description?: string,
    more?: Given,
  ): Made<Item[], Given>;
  /** Values by names that the user chooses. */
  map<Item, const Given extends More<Record<string, unknown>> = {}>(
    item: Option<Item>,
    description?: string,
    more?: Given,
  ): Made<Record<string, Item>, Given>;
  object<Described extends Options, const Given extends More<Record<string, unknown>> = {}>(
    options: Described,
    description?: string,
    more?: Given,
  ): Made<Values<Described>, Given>;
  /** A local file or folder to read, for `assets.open`. */
  assetPath: Describe<string>;
  /** A local file to read, no folder, for `assets.open`. */
  assetFile: Describe<string>;
  /** A local folder to read, no file, for `assets.open`. */
  assetDirectory: Describe<string>;
  /** A local file or folder to write, for `outputs.open`. */
  outputPath: Describe<string>;
  /** A local file to write whose path is a template, for `outputs.openRendered`. The text is not rendered yet. */
  outputTemplate: Describe<string>;
  /** Local files to take into an artifact, with `*`, `?` and `[…]`, for `outputs.matching`. */
  filePattern: Describe<string>;
  /** A template that the step has rendered when its data is known, with `template.render`. The text is not rendered yet. */
  runtimeTemplate: Describe<string>;
  /** A length of time in Go's syntax, such as `1m30s`; the value is in milliseconds. */
  duration: Describe<number, string>;
  /** A value that is never shown. */
  secret: Describe<Secret, never>;
};

/** A value that is never shown: neither `String` nor `JSON.stringify` give it away. */
export class Secret {
  constructor(value: string);
  /** The value itself. */
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

// ---- errors ---------------------------------------------------------------------------------------------------------

/** Ends a step: a code for the host, a message and the context for a person. Every call that fails throws one. */
export class StepError extends Error {
  /** `message` is a lowercase fragment without a full stop. */
  constructor(message: string, more?: { code?: ErrorCode; context?: string[] });
  /** What kind of error it is. Default: `other`. */
  code: ErrorCode;
  /** What was being done, innermost first. */
  context: string[];
  /** Outermost first: `uploading the script: connection reset`. */
  toString(): string;
}

/** Does `work`, and says what was being done when a `StepError` comes: a fragment such as `uploading the script`. */
export function doing<T>(what: string, work: () => T): T;

// ---- the instance ---------------------------------------------------------------------------------------------------

/** The machine being built, lent to `run` for one try. Do not keep it. */
export class Instance {
  constructor(raw: RawInstance);
  readonly raw: RawInstance;
  /** `ssh`, `container` or `none`. */
  get communicator(): string;
  /** `unix` or `windows`. */
  get osFamily(): string;
  /** `posix` or `powershell`: how command lines are read. */
  get shellFamily(): string;
  /** As `uname -m` says, where known without asking. */
  get arch(): string | null;
  /** The account commands run as. */
  get user(): string;

  /**
   * Runs a command line to its end. The line arrives exactly as given; quote with `quote`. A code other than 0 is no
   * error: see `Outcome.check`.
   */
  run(line: string, options?: RunOptions): Outcome;
  /** Starts a command, for its output piece by piece. */
  spawn(line: string, options?: SpawnOptions): Process;
  /** Writes a file: an asset with its own mode, text and bytes with 0644, unless `mode` is given. Returns the bytes. */
  upload(source: Asset | Uint8Array | string, path: string, mode?: number | null): number;
  /** Copies what is in a local folder into the remote folder `path`, made if missing. Returns the bytes. */
  uploadDirectory(source: Asset, path: string): number;
  /**
   * Uploads a temporary file that its owner alone can read, for `Staged.install` or a command of your own. The host
   * removes it when the run is over, also after a crash.
   */
  stage(source: Asset | Uint8Array | string, path: string): Staged;
  /** Copies a remote file to an output that the user named. Returns the bytes. */
  download(path: string, to: Output): number;
  /** Copies what is in a remote folder into an output, a folder made if missing. Returns the bytes. */
  downloadDirectory(path: string, to: Output): number;
  /** Waits at most so many milliseconds until the instance answers again, as after a reboot. */
  reconnect(milliseconds: number): void;
}

export interface SpawnOptions {
  /** Names are `[A-Za-z_][A-Za-z0-9_]*`. */
  env?: Record<string, string>;
  /** Standard input, given at the start, so that nothing can deadlock. */
  stdin?: Asset | Uint8Array | string;
  /** Leaves standard input open for `Process.write`; only for `spawn`. */
  stdinOpen?: boolean;
  pty?: boolean;
  /** Another account of the instance, where the communicator can change it. */
  runAs?: string;
  /** Milliseconds; ends the command with an error `timeout`. */
  timeout?: number;
}

export interface RunOptions extends SpawnOptions {
  /** Keeps up to so many bytes each of standard output and standard error for the outcome, instead of showing them. */
  capture?: number;
  /** Drops the output. Otherwise it goes line by line to the person who watches. */
  discard?: boolean;
}

/** What came of a command or program. The output is empty unless it was captured. */
export class Outcome {
  constructor(exit: Exit, output?: { stdout?: Uint8Array; stderr?: Uint8Array; truncated?: boolean });
  readonly exit: Exit;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** More came than the limit of the capture. */
  readonly truncated: boolean;
  /** Whether it ended with code 0. */
  get ok(): boolean;
  /** As UTF-8; what is none is replaced. */
  get stdoutText(): string;
  get stderrText(): string;
  /** Why it is not `ok`: what it wrote to standard error, else how it ended. */
  get reason(): string;
  /** Returns itself if it ended with code 0; otherwise throws the `reason`, with what was being done. */
  check(doing?: string): this;
}

/** A running command: iterate over its output. Not pulling holds it up. */
export class Process {
  constructor(raw: RawProcess);
  /** How it ended, once it has. */
  exit: Exit | undefined;
  [Symbol.iterator](): Generator<["stdout" | "stderr", Uint8Array]>;
  /** Writes all of it to standard input, which `stdinOpen` left open. */
  write(content: Uint8Array | string): void;
  closeStdin(): void;
  /** Name without `SIG`. */
  signal(name: string): void;
  /** Ends it. */
  end(): void;
}

/** A remote file that must not stay. */
export class Staged {
  constructor(instance: Instance, raw: TemporaryFile, path: string);
  readonly path: string;
  /** Puts a copy in place with `install -D`, which makes missing folders; mode 0644 unless given, with `sudo -n` if `sudo`. */
  install(path: string, options?: { mode?: number; sudo?: boolean }): void;
  /** Removes it now; a missing file is no error. */
  remove(): void;
  /** Lets it stay. */
  keep(): void;
}

/** The text as one word for a POSIX shell. */
export function quote(text: string): string;

// ---- the job and the artifact ---------------------------------------------------------------------------------------

/** What is asked of the step, lent to `run` for one try. Holds no user variables, passwords or keys. */
export class Job {
  constructor(raw: RawJob);
  get buildName(): string;
  /** The name of the builder, such as `amazon-ebs`. */
  get buildType(): string;
  /** A value of the build that is no secret, such as `ID`, `Host`, `Port`, `User`, `ConnType`, `PackerRunUUID`. */
  generated(key: string): string | null;
  /** Identifies this run of the program. */
  get runId(): string;
  get debug(): boolean;
  get force(): boolean;
  /** `cleanup`, `abort`, `ask` or `run-cleanup-provisioner`. */
  get onError(): string;
  /** Unix time of the host, in seconds. A component has no other clock. */
  get now(): number;
  /** A random number in `0..limit`. A component has no other: `Math.random` gives the same in each run. */
  random(limit: number): number;
  /** A name in `/tmp` that nothing has: `/tmp/PREFIX-` and eight random digits. */
  temporaryPath(prefix: string): string;
  /** Waits, and throws `cancelled` when the run is cancelled meanwhile. */
  sleep(milliseconds: number): void;
}

/** What a builder or an earlier post-processor made, lent to `run` for one try. */
export class Artifact {
  constructor(raw: RawArtifact);
  /** Who made it, such as `packer.file`. */
  get builderId(): string;
  /** What it is, in words of its builder; may be empty. */
  get id(): string;
  /** As it is shown to people. */
  get description(): string;
  /** Local files, as names to hand to `outputs`; not paths the step could open. */
  get files(): string[];
  /** Size of one of `files` in bytes. */
  fileSize(name: string): number;
}

// ---- local files ----------------------------------------------------------------------------------------------------

/** The local files and folders that the user named in this step's options, and no others. */
export const assets: {
  /** Opens a path exactly as it stands in the options, of the kind `assetPath`, `assetFile` or `assetDirectory`. */
  open(path: string): Asset;
};

/** A local file or folder. Hand it to `Instance.upload` rather than reading it: its bytes move on the host side. */
export class Asset {
  constructor(raw: RawAsset);
  readonly raw: RawAsset;
  /** As the user wrote it. */
  get path(): string;
  /** Last component of the path. */
  get name(): string;
  get isDirectory(): boolean;
  /** In bytes; 0 for a folder. */
  get size(): number;
  /** Permission bits. */
  get mode(): number;
  /** All of a file. */
  read(): Uint8Array;
  /** All of a file, as UTF-8; what is none is replaced. */
  readText(): string;
}

/** The files that the user named as outputs, and the files of the input artifact, which can only be read. */
export const outputs: {
  /** Names a path exactly as it stands in the options, of the kind `outputPath`; or a file of the input artifact. */
  open(path: string): Output;
  /**
   * Renders the option at the JSON pointer `at`, of the kind `outputTemplate`, and names the path that comes of it.
   * Each of `data` is the build's name or type, or part of a file name: no separator, no dot at its start, not empty.
   */
  openRendered(at: string, data: Record<string, string>): Output;
  /** The local files that a pattern of the options, of the kind `filePattern`, matches now, sorted. */
  matching(pattern: string): string[];
};

/** A local file or folder to write. */
export class Output {
  constructor(raw: RawOutput);
  readonly raw: RawOutput;
  /** As the user wrote it (and below it, for `child`). */
  get path(): string;
  get exists(): boolean;
  get isDirectory(): boolean;
  /** A file directly below this folder. `name` is one component: no separator, not `.` or `..`. */
  child(name: string): Output;
  /** All of a file; more than `limit` bytes (16 MiB) are an error. */
  read(limit?: number): Uint8Array;
  readText(limit?: number): string;
  /** Replaces the content at once, or leaves the old one whole. Missing parents are made. */
  replace(content: Uint8Array | string, mode?: number | null): void;
  /** Keeps other builds and other runs from this output while `work` is done. */
  locked<T>(work: () => T): T;
  /**
   * Digests of the content by algorithm, in lowercase hexadecimal: `md5`, `sha1`, `sha224`, `sha256`, `sha384`,
   * `sha512`. The host reads the file once for all of them.
   */
  digest<Algorithm extends string>(algorithms: readonly Algorithm[]): Record<Algorithm, string>;
}

/**
 * Files to be written as one, on the host side and with all cores: the bytes never pass through the step. A `zip`
 * compresses its files itself and takes `none`; the container `none` is for one file alone.
 */
export class Archive {
  constructor(
    container: "tar" | "zip" | "none",
    compression: "none" | "gzip" | "bgzf" | "lz4" | "zstd" | "xz" | "bzip2",
    /** From 1, fast, to 9, small, where the compression knows levels. */
    level?: number,
  );
  /** Adds a file under a name in the archive: relative, with `/`, without `.` and `..`. */
  add(file: Output, name: string): void;
  /** Writes the archive: whole, or not at all. Missing parents are made. Returns its size in bytes. */
  write(to: Output): number;
  /** How many threads compress. */
  get cores(): number;
}

// ---- words ----------------------------------------------------------------------------------------------------------

/** Words for the person who watches, bounded and cleaned by the host. */
export const ui: {
  /** A headline: `==> name: text`. */
  say(text: string): void;
  /** A detail: `    name: text`. */
  message(text: string): void;
  /** Something is wrong. */
  error(text: string): void;
  /** A structured record, shown on request. */
  log(level: Level, text: string, fields?: Record<string, string>): void;
  /** How far the step is, in units of its own. */
  progress(what: string, done: number, total?: number | null): void;
};

/** Renders this step's own options of the kind `runtimeTemplate`. */
export const template: {
  /**
   * Renders the option at the JSON pointer `at`, such as `/execute_command` or `/commands/2`. `data` are fields such as
   * `Vars` and `Path`: data, never parsed as a template.
   */
  render(at: string, data: Record<string, string>): string;
};

/** UTF-8, which the JavaScript of components has no `TextEncoder` for. */
export function encode(text: string): Uint8Array;
/** What is no UTF-8 becomes U+FFFD. */
export function decode(bytes: Uint8Array): string;

// ---- only if granted ------------------------------------------------------------------------------------------------

export interface ProgramOptions {
  env?: Record<string, string>;
  /** Milliseconds; ends the program and all it started with an error `timeout`. */
  timeout?: number;
  capture?: number;
  discard?: boolean;
}

/**
 * What is granted only when the user says so. List what you call under `capabilities` in package.json: `connection`,
 * `host-exec` or `prompt`.
 */
export const host: {
  /** How to reach the instance by other means; the key is in OpenSSH format. Throws `not-found` where there is none. */
  connection(instance: Instance): { host: string; port: number; user: string; privateKey: Secret | null };
  /** The host's system: `linux`, `darwin`, `windows`, `freebsd`, … */
  os(): string;
  /** Runs a program on the host with the user's rights; no shell reads its arguments. */
  run(program: string, args?: readonly string[], options?: ProgramOptions): Outcome;
  /** A file of the host that only the user may read and run, there while `work` is done. */
  withScript<T>(content: Uint8Array | string, extension: string, work: (path: string) => T): T;
  /** Where an asset is on the host, for a program to read. */
  assetPath(asset: Asset): string;
  /** Asks the person at the terminal, and returns the line typed. Throws `not-found` where nobody is there. */
  ask(question: string): string;
};
