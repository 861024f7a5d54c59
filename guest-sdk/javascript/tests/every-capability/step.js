// Calls everything that is granted without asking, and says what came of it.

import { Archive, StepError, assets, decode, doing, host, option, outputs, provisioner, template, ui } from "kilnbox-step";

/** @typedef {import("kilnbox-step").Values<typeof options>} Options */
/** @typedef {import("kilnbox-step").Instance} Instance */
/** @typedef {import("kilnbox-step").Job} Job */

const options = {
  folder: option.assetDirectory(),
  file: option.assetFile(),
  copy: option.outputPath(),
  archive: option.outputPath(),
  greeting: option.runtimeTemplate(undefined, { default: "hello {{.Name}}" }),
  token: option.secret(),
  pause: option.duration(undefined, { default: "5ms" }),
};

export default provisioner({
  name: "every-capability",
  options,
  run(options, instance, job) {
    about(instance, job);
    ui.message(`${options.token} of ${options.token.reveal().length} letters`);
    job.sleep(options.pause);
    commands(options, instance);
    runningCommands(instance);
    files(options, instance, job);
    results(options, instance);
    attempt(() => instance.reconnect(1000));
    notGranted();
    ui.log("info", "done", { a: "b" });
    ui.progress("things", 1, 2);
    ui.error("an error");
    doing("ending", () => {
      throw new StepError("on purpose", { code: "invalid" });
    });
  },
});

/** @param {() => unknown} work */
function attempt(work) {
  try {
    work();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    ui.message(`${error.code}: ${error}`);
  }
}

function notGranted() {
  try {
    host.ask("?");
  } catch (error) {
    if (error instanceof StepError) ui.message(error.code);
  }
}

/** @param {import("kilnbox-step").Exit | undefined} exit */
const words = (exit) => (exit?.tag === "code" ? `exit code ${exit.val}` : exit?.tag === "signal" ? `ended by signal ${exit.val}` : "lost");

/**
 * @param {Instance} instance
 * @param {Job} job
 */
function about(instance, job) {
  ui.say("Calling everything");
  ui.message(`${instance.communicator} ${instance.osFamily} ${instance.shellFamily} ${instance.arch} ${instance.user}`);
  ui.message(`${job.buildName} ${job.buildType} ${job.onError} ${job.now} ${job.random(1)}`);
  if (job.debug || job.force || job.generated("Nothing") !== null || !job.runId) {
    ui.error("the job is not as it was given");
  }
}

/**
 * @param {Options} options
 * @param {Instance} instance
 */
function commands(options, instance) {
  const stdin = new Uint8Array([0x69, 0x6e, 0xff, 0x0a]);
  const outcome = instance.run("cat; echo $A; exit 3", { env: { A: "b c" }, stdin, capture: 100 });
  const hex = [...outcome.stdout].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  ui.message(`${hex} ${outcome.stderrText} ${words(outcome.exit)}`);
  attempt(() => outcome.check("trying"));
  ui.message(words(instance.run("kill -KILL $$", { capture: 10 }).exit));
  ui.message(`truncated: ${instance.run("echo long", { capture: 2 }).truncated ? "yes" : "no"}`);
  instance.run("echo forwarded", { pty: false, timeout: 60_000 }).check();
  instance.run("echo dropped", { discard: true }).check();
  ui.message(instance.run("cat", { stdin: assets.open(options.file), capture: 100 }).stdoutText.trim());
}

/** @param {Instance} instance */
function runningCommands(instance) {
  const process = instance.spawn("cat; echo x >&2; exit 2", { stdinOpen: true });
  process.write("abc");
  process.write("def");
  process.closeStdin();
  const said = { stdout: "", stderr: "" };
  for (const [stream, piece] of process) said[stream] += decode(piece);
  ui.message(`${said.stdout} ${said.stderr.trim()} ${words(process.exit)}`);
  process.end();

  const sleeping = instance.spawn("sleep 100");
  sleeping.signal("TERM");
  for (const _ of sleeping);
  ui.message(words(sleeping.exit));
  sleeping.end();
}

/**
 * @param {Options} options
 * @param {Instance} instance
 * @param {Job} job
 */
function files(options, instance, job) {
  const folder = assets.open(options.folder);
  ui.message(`${folder.path} ${folder.name} ${folder.isDirectory ? "folder" : "file"} ${folder.size}`);
  ui.message(`${instance.uploadDirectory(folder, "/tmp/every/in")} bytes`);
  const file = assets.open(options.file);
  ui.message(`${file.readText().trim()} ${(file.mode & 0o400).toString(8)}`);
  ui.message(`${instance.upload("text é\n", "/tmp/every/t")} bytes`);
  ui.message(`${instance.upload(file, "/tmp/every/f", 0o600)} bytes`);
  attempt(() => assets.open("/etc/passwd"));
  ui.message(template.render("/greeting", { Name: "you" }));
  const staged = instance.stage("secret", job.temporaryPath("every"));
  staged.install("/tmp/every/deep/er", { mode: 0o640 });
  staged.remove();
  instance.stage("kept", "/tmp/every/kept").keep();
}

/**
 * @param {Options} options
 * @param {Instance} instance
 */
function results(options, instance) {
  const copy = outputs.open(options.copy);
  ui.message(`${copy.path} ${copy.exists ? "there" : "not there"}`);
  copy.locked(() => ui.message(`${instance.download("/tmp/every/t", copy)} bytes`));
  ui.message(`${copy.readText().trim()} ${Object.values(copy.digest(["md5", "sha1"])).join(" ")}`);
  const archive = new Archive("tar", "gzip", 9);
  archive.add(copy, "x/t");
  if (archive.write(outputs.open(options.archive)) === 0 || archive.cores === 0) ui.error("the archive is empty");
  copy.replace("replaced", 0o600);
  ui.message(outputs.open(options.copy).readText());
}
