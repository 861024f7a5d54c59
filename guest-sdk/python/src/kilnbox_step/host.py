"""What is granted only when the user says so: the connection, programs on the host, and questions at the terminal.

List what you call under `capabilities` in pyproject.toml: `connection`, `host-exec` or `prompt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .assets import Asset
from .commands import Outcome, outcome_of
from .contract import call, interface
from .durations import milliseconds
from .formats import Secret
from .instance import Instance

_connection = interface("connection")
_host_exec = interface("host-exec")
_prompt = interface("prompt")


@dataclass(frozen=True)
class Address:
    """How to reach the instance by other means."""

    host: str
    port: int
    user: str
    private_key: Secret | None
    """In OpenSSH format."""


def connection(instance: Instance) -> Address:
    """How to reach the instance by other means. Fails with `not-found` where there is no other way."""
    raw = call(_connection.get, instance.raw)
    key = None if raw.private_key is None else Secret(raw.private_key)
    return Address(raw.host, raw.port, raw.user, key)


def os() -> str:
    """The host's system: `linux`, `darwin`, `windows`, `freebsd`, …"""
    return str(_host_exec.os())


def run(
    program: str,
    arguments: Sequence[str] = (),
    *,
    capture: int | None = None,
    discard: bool = False,
    env: dict[str, str] | None = None,
    timeout: timedelta | None = None,
) -> Outcome:
    """Runs a program on the host with the user's rights; no shell reads its arguments."""
    made = _host_exec.Program(program, list(arguments))
    for name, value in (env or {}).items():
        call(made.env, name, value)
    if timeout is not None:
        made.timeout(milliseconds(timeout))
    if capture is not None:
        made.capture(capture)
    elif discard:
        made.discard()
    return outcome_of(call(made.run), capture is not None)


class Script:
    """A file of the host that only the user may read and run, removed at the end of the `with` block."""

    def __init__(self, content: bytes | str, extension: str = "") -> None:
        """`extension` is appended to the name, such as `.cmd`."""
        text = content.encode() if isinstance(content, str) else content
        self._raw: Any = call(_host_exec.Script.create, text, extension)
        self.path = str(self._raw.path())

    def __enter__(self) -> Script:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.__exit__(None, None, None)


def asset_path(asset: Asset) -> str:
    """Where an asset is on the host, for a program to read."""
    return str(_host_exec.asset_path(asset.raw))


def ask(question: str) -> str:
    """Asks the person at the terminal, and returns the line typed. Fails with `not-found` where nobody is there."""
    return str(call(_prompt.ask, question))
