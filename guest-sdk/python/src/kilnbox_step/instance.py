"""The machine being built: what it is, commands on it, and files to and from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .assets import Asset
from .commands import Outcome, Process, command, outcome_of
from .contract import call, interface
from .durations import milliseconds
from .outputs import Output
from .staging import Staged

_download = interface("download")
_reconnect = interface("reconnect")
_upload = interface("upload")


class Instance:
    """Lent to `run` for one try. Do not keep it."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    @property
    def communicator(self) -> str:
        """`ssh`, `container` or `none`."""
        return str(self.raw.communicator())

    @property
    def os_family(self) -> str:
        """`unix` or `windows`."""
        return str(self.raw.os_family())

    @property
    def shell_family(self) -> str:
        """`posix` or `powershell`: how command lines are read."""
        return str(self.raw.shell_family())

    @property
    def arch(self) -> str | None:
        """As `uname -m` says, where known without asking."""
        arch: str | None = self.raw.arch()
        return arch

    @property
    def user(self) -> str:
        """The account commands run as."""
        return str(self.raw.user())

    def run(
        self,
        line: str,
        *,
        capture: int | None = None,
        discard: bool = False,
        env: dict[str, str] | None = None,
        stdin: bytes | Asset | None = None,
        pty: bool = False,
        run_as: str | None = None,
        timeout: timedelta | None = None,
    ) -> Outcome:
        """Runs a command line to its end. The line arrives exactly as given; quote with `quote`.

        The output goes line by line to the person who watches, unless `capture` keeps up to so many bytes each of
        standard output and standard error for the outcome, or `discard` drops it. A code other than 0 is no error:
        see `Outcome.check`.
        """
        made = command(line, env=env, stdin=stdin, pty=pty, run_as=run_as, timeout=timeout)
        if capture is not None:
            made.capture(capture)
        elif discard:
            made.discard()
        return outcome_of(call(made.run, self.raw), capture is not None)

    def spawn(
        self,
        line: str,
        *,
        env: dict[str, str] | None = None,
        stdin: bytes | Asset | None = None,
        stdin_open: bool = False,
        pty: bool = False,
        run_as: str | None = None,
        timeout: timedelta | None = None,
    ) -> Process:
        """Starts a command, for its output piece by piece. `stdin_open` leaves standard input for `Process.write`."""
        made = command(line, env=env, stdin=stdin, pty=pty, run_as=run_as, timeout=timeout)
        if stdin_open:
            made.stdin_open()
        return Process(call(made.spawn, self.raw))

    def upload(self, source: Asset | bytes | str, path: str, *, mode: int | None = None) -> int:
        """Writes a file: an asset with its own mode or text and bytes with 0644, unless `mode` is given.

        Returns the bytes.
        """
        if isinstance(source, Asset):
            return int(call(_upload.file, self.raw, source.raw, path, mode))
        content = source.encode() if isinstance(source, str) else source
        return int(call(_upload.bytes, self.raw, content, path, mode))

    def upload_directory(self, source: Asset, path: str) -> int:
        """Copies what is in a local folder into the remote folder `path`, made if missing. Returns the bytes."""
        return int(call(_upload.directory, self.raw, source.raw, path))

    def stage(self, source: Asset | bytes | str, path: str) -> Staged:
        """Uploads a temporary file that its owner alone can read, for `Staged.install` or a command of your own.

        The host removes it when the run is over, also after a crash.
        """
        raw = _upload.TemporaryFile.register(self.raw, path)
        staged = Staged(self, raw, path)
        self.upload(source, path, mode=0o600)
        return staged

    def download(self, path: str, to: Output) -> int:
        """Copies a remote file to an output that the user named. Returns the bytes."""
        return int(call(_download.file, self.raw, path, to.raw))

    def download_directory(self, path: str, to: Output) -> int:
        """Copies what is in a remote folder into an output, a folder made if missing. Returns the bytes."""
        return int(call(_download.directory, self.raw, path, to.raw))

    def reconnect(self, within: timedelta) -> None:
        """Waits until the instance answers again, as after a reboot."""
        call(_reconnect.wait, self.raw, milliseconds(within))
