"""Durations as Packer's users write them: `5m`, `1h30m`, `1.5s`, `500ms`, or whole nanoseconds.

In Python they are a `datetime.timedelta`, so what is finer than a microsecond is cut off.
"""

from __future__ import annotations

import re
from datetime import timedelta

_NANOSECONDS = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,
    "ns": 1,
}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")


def parse(written: str | int) -> timedelta:
    """Reads what Go reads, except that a length of time is not negative.

    >>> parse("1h30m")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(written, int):
        return _checked(written, written)
    if written == "0":
        return timedelta()
    total, end = 0.0, 0
    for part in _PART.finditer(written):
        if part.start() != end:
            break
        total += float(part[1]) * _NANOSECONDS[part[2]]
        end = part.end()
    if end == 0 or end != len(written):
        raise ValueError(f"`{written}` is no duration, such as `1m30s`")
    return _checked(written, total)


def _checked(written: str | int, nanoseconds: float) -> timedelta:
    if nanoseconds < 0:
        raise ValueError(f"`{written}` is no duration: it is negative")
    try:
        return timedelta(microseconds=nanoseconds / 1000)
    except OverflowError:
        raise ValueError(f"`{written}` is no duration: it is too long") from None


def text(duration: timedelta) -> str:
    """As Go writes it, since Packer's messages do: `5m0s`, `1h0m0s`, `1.5s`, `500ms`."""
    microseconds = duration // timedelta(microseconds=1)
    if 0 < microseconds < 1000:
        return f"{microseconds}µs"
    if 0 < microseconds < 1_000_000:
        return f"{_decimal(microseconds, 1000)}ms"
    seconds, rest = divmod(microseconds, 1_000_000)
    hours = f"{seconds // 3600}h" if seconds >= 3600 else ""
    minutes = f"{seconds // 60 % 60}m" if seconds >= 60 else ""
    return f"{hours}{minutes}{_decimal(seconds % 60 * 1_000_000 + rest, 1_000_000)}s"


def _decimal(count: int, unit: int) -> str:
    whole, rest = divmod(count, unit)
    digits = str(rest).zfill(len(str(unit)) - 1).rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def milliseconds(duration: timedelta) -> int:
    """As the contract counts."""
    return duration // timedelta(milliseconds=1)
