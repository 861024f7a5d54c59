"""Commands on the instance: how they end, what they said, and running ones.

[`kilnbox_step.instance.Instance.run`][] and `spawn` start them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from .assets import Asset
from .contract import call, interface
from .durations import milliseconds
from .errors import ErrorCode, StepError

_exec = interface("exec")


@dataclass(frozen=True)
class Exited:
    """It ended by itself. A code that is not zero is a value, not an error."""

    code: int

    def __str__(self) -> str:
        return f"exit code {self.code}"


@dataclass(frozen=True)
class Signalled:
    """It was ended by a signal, named without `SIG`."""

    name: str

    def __str__(self) -> str:
        return f"ended by signal {self.name}"


@dataclass(frozen=True)
class Lost:
    """The connection ended before an exit status came."""

    def __str__(self) -> str:
        return "the connection was lost"


Exit: TypeAlias = Exited | Signalled | Lost


def exit_of(raw: Any) -> Exit:
    """An `exit` of the contract."""
    match type(raw).__name__:
        case "Exit_Code":
            return Exited(raw.value)
        case "Exit_Signal":
            return Signalled(raw.value)
        case _:
            return Lost()


@dataclass(frozen=True)
class Outcome:
    """What came of a command or program. The output is empty unless it was captured."""

    exit: Exit
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False
    """More came than the limit of the capture."""

    @property
    def ok(self) -> bool:
        """Whether it ended with code 0."""
        return self.exit == Exited(0)

    @property
    def reason(self) -> str:
        """Why it is not `ok`: what it wrote to standard error, else how it ended."""
        said = self.stderr.decode(errors="replace").strip()
        return said if said and isinstance(self.exit, Exited) else str(self.exit)

    def check(self, doing: str | None = None) -> Outcome:
        """Returns itself if it ended with code 0; otherwise raises the `reason`, with what was being done."""
        if self.ok:
            return self
        raise StepError(self.reason, ErrorCode.REMOTE, [] if doing is None else [doing])


def outcome_of(raw: Any, captured: bool) -> Outcome:
    """An `outcome` of the contract."""
    exit = exit_of(raw.exit())
    if not captured:
        return Outcome(exit)
    return Outcome(exit, bytes(raw.stdout()), bytes(raw.stderr()), raw.truncated())


def command(
    line: str,
    *,
    env: dict[str, str] | None = None,
    stdin: bytes | Asset | None = None,
    pty: bool = False,
    run_as: str | None = None,
    timeout: timedelta | None = None,
) -> Any:
    """A `command` of the contract with what `run` and `spawn` have in common."""
    made = _exec.Command(line)
    for name, value in (env or {}).items():
        call(made.env, name, value)
    if isinstance(stdin, Asset):
        made.stdin_asset(stdin.raw)
    elif stdin is not None:
        made.stdin(stdin)
    if pty:
        made.pty(True)
    if run_as is not None:
        made.run_as(run_as)
    if timeout is not None:
        made.timeout(milliseconds(timeout))
    return made


class Process:
    """A running command: iterate over its output. Not pulling holds it up; leaving the `with` block ends it.

    >>> with instance.spawn("journalctl -f") as process:      # doctest: +SKIP
    ...     for stream, piece in process:
    ...         ...
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.exit: Exit | None = None
        """How it ended, once it has."""

    def __iter__(self) -> Iterator[tuple[Literal["stdout", "stderr"], bytes]]:
        while self.exit is None:
            event = call(self._raw.next)
            match type(event).__name__:
                case "Event_Stdout":
                    yield "stdout", bytes(event.value)
                case "Event_Stderr":
                    yield "stderr", bytes(event.value)
                case _:
                    self.exit = exit_of(event.value)

    def write(self, content: bytes) -> None:
        """Writes all of it to standard input, which `stdin_open` left open."""
        while content:
            content = content[call(self._raw.write_stdin, content) :]

    def close_stdin(self) -> None:
        """Ends standard input."""
        call(self._raw.close_stdin)

    def signal(self, name: str) -> None:
        """Sends a signal, named without `SIG`."""
        call(self._raw.signal, name)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.__exit__(None, None, None)
