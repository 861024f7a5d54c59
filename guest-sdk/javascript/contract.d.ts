// The imports of `kilnbox:plugin@1.0.0` as a component written in JavaScript sees them: `result<T, E>` returns T or
// throws an error with E as its `payload`, `option<T>` is `T | null`, 64-bit numbers are numbers. The words are those of
// the WIT, where they are explained; authors use index.d.ts, which is built on this.

export interface Contract {
  types: Types;
  ui: Ui;
  template: Template;
  assets: Assets;
  exec: Exec;
  upload: Upload;
  download: Download;
  reconnect: Reconnect;
  outputs: Outputs;
  connection: Connection;
  "host-exec": HostExec;
  prompt: Prompt;
}

export type ErrorCode =
  | "denied"
  | "invalid"
  | "not-found"
  | "timeout"
  | "cancelled"
  | "limit"
  | "connection"
  | "remote"
  | "other";

/** The record `error` of `types`, the `payload` of the error that is thrown. */
export interface ContractError {
  code: ErrorCode;
  message: string;
  context: string[];
}

export type Exit = { tag: "code"; val: number } | { tag: "signal"; val: string } | { tag: "lost" };

/** A handle that the component owns. */
export interface Owned {
  [Symbol.dispose](): void;
}

export interface Types {
  Processed: {
    unchanged(): Processed;
    artifact(builderId: string, id: string, description: string): Processed;
  };
}

export interface Instance {
  communicator(): string;
  osFamily(): string;
  shellFamily(): string;
  arch(): string | null;
  user(): string;
}

export interface Job {
  options(): string;
  buildName(): string;
  buildType(): string;
  generated(key: string): string | null;
  runId(): string;
  debug(): boolean;
  force(): boolean;
  onError(): string;
  now(): number;
  random(limit: number): number;
  sleep(milliseconds: number): void;
}

export interface Artifact {
  builderId(): string;
  id(): string;
  description(): string;
  files(): string[];
  fileSize(name: string): number;
}

export interface Processed extends Owned {
  addFile(name: string): void;
  keepInput(keep: boolean): void;
  mustKeepInput(must: boolean): void;
}

export type Level = "trace" | "debug" | "info" | "warn" | "error";

export interface Ui {
  say(text: string): void;
  message(text: string): void;
  error(text: string): void;
  log(level: Level, text: string, fields: [string, string][]): void;
  progress(what: string, done: number, total: number | null): void;
}

export interface Template {
  render(at: string, data: [string, string][]): string;
}

export interface Assets {
  open(path: string): Asset;
}

export interface Asset extends Owned {
  path(): string;
  fileName(): string;
  isDirectory(): boolean;
  size(): number;
  mode(): number;
  read(offset: number, length: number): Uint8Array;
}

export interface Exec {
  Command: new (line: string) => Command;
}

export interface Command extends Owned {
  env(name: string, value: string): void;
  stdin(bytes: Uint8Array): void;
  stdinAsset(asset: Asset): void;
  stdinOpen(): void;
  pty(wanted: boolean): void;
  runAs(user: string): void;
  timeout(milliseconds: number): void;
  forward(): void;
  discard(): void;
  capture(limit: number): void;
  run(instance: Instance): Outcome;
  spawn(instance: Instance): Process;
}

export interface Outcome extends Owned {
  exit(): Exit;
  stdout(): Uint8Array;
  stderr(): Uint8Array;
  truncated(): boolean;
}

export type Event =
  | { tag: "stdout"; val: Uint8Array }
  | { tag: "stderr"; val: Uint8Array }
  | { tag: "exited"; val: Exit };

export interface Process extends Owned {
  next(): Event;
  writeStdin(bytes: Uint8Array): number;
  closeStdin(): void;
  signal(name: string): void;
}

export interface Upload {
  file(instance: Instance, source: Asset, path: string, mode: number | null): number;
  bytes(instance: Instance, content: Uint8Array, path: string, mode: number | null): number;
  directory(instance: Instance, source: Asset, path: string): number;
  Writer: {
    open(instance: Instance, path: string, mode: number | null): Writer;
  };
  TemporaryFile: {
    register(instance: Instance, path: string): TemporaryFile;
  };
}

export interface Writer extends Owned {
  write(content: Uint8Array): void;
  finish(): number;
}

export interface TemporaryFile extends Owned {
  path(): string;
  remove(): void;
  keep(): void;
}

export interface Download {
  file(instance: Instance, path: string, to: Output): number;
  directory(instance: Instance, path: string, to: Output): number;
}

export interface Reconnect {
  wait(instance: Instance, milliseconds: number): void;
}

export interface Outputs {
  open(path: string): Output;
  openRendered(at: string, data: [string, string][]): Output;
  matching(pattern: string): string[];
  Archive: new (container: string, compression: string) => Archive;
}

export interface Output extends Owned {
  path(): string;
  exists(): boolean;
  isDirectory(): boolean;
  child(name: string): Output;
  read(offset: number, length: number): Uint8Array;
  replace(content: Uint8Array, mode: number | null): void;
  lock(): Owned;
  digest(algorithms: string[]): string[];
}

export interface Archive extends Owned {
  level(level: number): void;
  add(file: Output, name: string): void;
  write(to: Output): number;
  cores(): number;
}

export interface Connection {
  get(instance: Instance): { host: string; port: number; user: string; privateKey: string | null };
}

export interface HostExec {
  os(): string;
  Program: new (path: string, args: string[]) => Program;
  Script: {
    create(content: Uint8Array, extension: string): Script;
  };
  assetPath(asset: Asset): string;
}

export interface Program extends Owned {
  env(name: string, value: string): void;
  timeout(milliseconds: number): void;
  discard(): void;
  capture(limit: number): void;
  run(): Outcome;
}

export interface Script extends Owned {
  path(): string;
}

export interface Prompt {
  ask(question: string): string;
}
