"""Files that are uploaded under a temporary name, then put in place with the right owner and mode."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

from .contract import call
from .errors import doing

if TYPE_CHECKING:
    from .instance import Instance

STDERR = 4096
"""Bytes of `install`'s output that are kept for the error."""

# Held to the end, so that the host removes all of them after the run, in the order they were made.
_held: list[Any] = []


class Staged:
    """A remote file that must not stay. The host removes it when the run is over, also after a crash."""

    def __init__(self, instance: Instance, raw: Any, path: str) -> None:
        self._instance = instance
        self._raw = raw
        self.path = path
        _held.append(raw)

    def install(self, path: str, *, mode: int = 0o644, sudo: bool = False) -> None:
        """Puts a copy in place with `install -D`, which makes missing folders. Works with `sudo -n` if `sudo`."""
        line = f"{'sudo -n ' if sudo else ''}install -D -m {mode:04o} {quote(self.path)} {quote(path)}"
        with doing(f"installing {path}"):
            self._instance.run(line, capture=STDERR).check()

    def remove(self) -> None:
        """Removes it now; a missing file is no error."""
        call(self._raw.remove)

    def keep(self) -> None:
        """Lets it stay."""
        self._raw.keep()
