/**
 * Tests of the built component, for an author's `node --test`.
 *
 * A transcript says what the step is expected to do and what the instance answers, so a test needs no machine. The
 * program `kilnbox` runs the component, in the sandbox that users run it in; the environment variable `KILNBOX` says
 * where it is when it is not on the `PATH`. Logic that calls no capability needs none of this: import the module and
 * call it.
 *
 * ```js
 * const component = await Component.build(new URL("..", import.meta.url));
 *
 * test("the file is written", () => {
 *   component.run({ sudo: true }, { against: "tests/sudo.toml" }).success();
 * });
 * ```
 */

/** A component that was built. */
export class Component {
  /** Builds the project in this folder. */
  static build(project: URL | string): Promise<Component>;
  readonly project: string;
  readonly file: string;
  /** Runs it with options. Paths are relative to the project. */
  run(options: Record<string, unknown>, more?: RunOptions): Run;
  /** `kilnbox plugin check`: what it imports, its schema, its size. */
  check(): Run;
}

export interface RunOptions {
  /** A transcript, `rootfs` or `ssh://…`. */
  against?: string;
  /** The files that a post-processor works on. */
  artifact?: readonly string[];
  /** Capabilities beyond the default. */
  grant?: readonly string[];
}

/** What a run of the component came to. */
export class Run {
  /** Exit code 0. */
  readonly succeeded: boolean;
  /** What the step said, as a person sees it. */
  readonly stdout: string;
  /** What went wrong, as a person sees it. */
  readonly stderr: string;
  /** Itself if it succeeded; otherwise the test fails with all that was said. */
  success(): this;
  /** Itself if it failed and said so in these words; otherwise the test fails with all that was said. */
  failure(words: string): this;
}
