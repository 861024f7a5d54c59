"""What is asked of the step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .contract import call
from .durations import milliseconds


class Job:
    """Lent to `run` for one try. Holds no user variables, passwords or keys."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    @property
    def build_name(self) -> str:
        """The name of the build."""
        return str(self._raw.build_name())

    @property
    def build_type(self) -> str:
        """The name of its builder, such as `amazon-ebs`."""
        return str(self._raw.build_type())

    def generated(self, key: str) -> str | None:
        """A value of the build that is no secret, such as `ID`, `Host`, `Port`, `User`, `ConnType`, `PackerRunUUID`."""
        value: str | None = self._raw.generated(key)
        return value

    @property
    def run_id(self) -> str:
        """Identifies this run of the program."""
        return str(self._raw.run_id())

    @property
    def debug(self) -> bool:
        """Whether `-debug` was given."""
        return bool(self._raw.debug())

    @property
    def force(self) -> bool:
        """Whether `-force` was given."""
        return bool(self._raw.force())

    @property
    def on_error(self) -> str:
        """`cleanup`, `abort`, `ask` or `run-cleanup-provisioner`."""
        return str(self._raw.on_error())

    @property
    def now(self) -> int:
        """Unix time of the host, in seconds. A component has no other clock."""
        return int(self._raw.now())

    def random(self, limit: int) -> int:
        """A random number in `0..limit`. A component has no other: `random` gives the same in each run."""
        return int(self._raw.random(limit))

    def temporary_path(self, prefix: str) -> str:
        """A name in `/tmp` that nothing has: `/tmp/PREFIX-` and eight random digits."""
        return f"/tmp/{prefix}-{self.random(2**32 - 1):08x}"

    def sleep(self, duration: timedelta) -> None:
        """Waits, and raises `cancelled` when the run is cancelled meanwhile."""
        call(self._raw.sleep, milliseconds(duration))
