"""Calls everything that is granted without asking, and says what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from kilnbox_step import (
    Archive,
    AssetDirectory,
    AssetFile,
    Duration,
    ErrorCode,
    Instance,
    Job,
    OutputPath,
    Provisioner,
    RuntimeTemplate,
    Secret,
    StepError,
    assets,
    doing,
    export,
    host,
    outputs,
    template,
    ui,
)


@dataclass(kw_only=True)
class Options:
    folder: AssetDirectory
    file: AssetFile
    copy: OutputPath
    archive: OutputPath
    greeting: RuntimeTemplate = "hello {{.Name}}"
    token: Secret
    pause: Duration = timedelta(milliseconds=5)


@export
class EveryCapability(Provisioner[Options]):
    name = "every-capability"

    def run(self, options: Options, instance: Instance, job: Job) -> None:
        about(instance, job)
        ui.message(f"{options.token} of {len(options.token.reveal())} letters")
        job.sleep(options.pause)
        commands(options, instance)
        running_commands(instance)
        files(options, instance, job)
        results(options, instance)
        attempt(lambda: instance.reconnect(timedelta(seconds=1)))
        not_granted()
        ui.log("info", "done", a="b")
        ui.progress("things", 1, 2)
        ui.error("an error")
        with doing("ending"):
            raise StepError("on purpose", ErrorCode.INVALID)


def attempt(work: Callable[[], object]) -> None:
    try:
        work()
    except StepError as error:
        ui.message(f"{error.code.value}: {error}")


def not_granted() -> None:
    try:
        host.ask("?")
    except StepError as error:
        ui.message(error.code.value)


def about(instance: Instance, job: Job) -> None:
    ui.say("Calling everything")
    ui.message(f"{instance.communicator} {instance.os_family} {instance.shell_family} {instance.arch} {instance.user}")
    ui.message(f"{job.build_name} {job.build_type} {job.on_error} {job.now} {job.random(1)}")
    if job.debug or job.force or job.generated("Nothing") is not None or not job.run_id:
        ui.error("the job is not as it was given")


def commands(options: Options, instance: Instance) -> None:
    outcome = instance.run("cat; echo $A; exit 3", env={"A": "b c"}, stdin=b"in\xff\n", capture=100)
    ui.message(f"{outcome.stdout.hex()} {outcome.stderr.decode()} {outcome.exit}")
    attempt(lambda: outcome.check("trying"))
    ui.message(str(instance.run("kill -KILL $$", capture=10).exit))
    ui.message(f"truncated: {'yes' if instance.run('echo long', capture=2).truncated else 'no'}")
    instance.run("echo forwarded", pty=False, timeout=timedelta(minutes=1)).check()
    instance.run("echo dropped", discard=True).check()
    ui.message(instance.run("cat", stdin=assets.open(options.file), capture=100).stdout.decode().strip())


def running_commands(instance: Instance) -> None:
    with instance.spawn("cat; echo x >&2; exit 2", stdin_open=True) as process:
        process.write(b"abc")
        process.write(b"def")
        process.close_stdin()
        said = {"stdout": b"", "stderr": b""}
        for stream, piece in process:
            said[stream] += piece
        ui.message(f"{said['stdout'].decode()} {said['stderr'].decode().strip()} {process.exit}")
    with instance.spawn("sleep 100") as process:
        process.signal("TERM")
        for _ in process:
            pass
        ui.message(str(process.exit))


def files(options: Options, instance: Instance, job: Job) -> None:
    folder = assets.open(options.folder)
    ui.message(f"{folder.path} {folder.name} {'folder' if folder.is_directory else 'file'} {folder.size}")
    ui.message(f"{instance.upload_directory(folder, '/tmp/every/in')} bytes")
    file = assets.open(options.file)
    ui.message(f"{file.read_text().strip()} {file.mode & 0o400:o}")
    text = "text é\n"
    ui.message(f"{instance.upload(text, '/tmp/every/t')} bytes")
    ui.message(f"{instance.upload(file, '/tmp/every/f', mode=0o600)} bytes")
    attempt(lambda: assets.open("/etc/passwd"))
    ui.message(template.render("/greeting", Name="you"))
    staged = instance.stage("secret", job.temporary_path("every"))
    staged.install("/tmp/every/deep/er", mode=0o640)
    staged.remove()
    instance.stage("kept", "/tmp/every/kept").keep()


def results(options: Options, instance: Instance) -> None:
    copy = outputs.open(options.copy)
    ui.message(f"{copy.path} {'there' if copy.exists else 'not there'}")
    with copy.lock():
        ui.message(f"{instance.download('/tmp/every/t', copy)} bytes")
    ui.message(f"{copy.read_bytes().decode().strip()} {' '.join(copy.digest('md5', 'sha1').values())}")
    archive = Archive("tar", "gzip", 9)
    archive.add(copy, "x/t")
    if archive.write(outputs.open(options.archive)) == 0 or archive.cores == 0:
        ui.error("the archive is empty")
    copy.replace("replaced", mode=0o600)
    ui.message(outputs.open(options.copy).read_bytes().decode())
