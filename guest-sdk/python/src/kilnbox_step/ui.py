"""Words for the person who watches, bounded and cleaned by the host."""

from __future__ import annotations

from typing import Literal

from .contract import interface

_ui = interface("ui")

Level = Literal["trace", "debug", "info", "warn", "error"]


def say(text: str) -> None:
    """A headline: `==> name: text`."""
    _ui.say(text)


def message(text: str) -> None:
    """A detail: `    name: text`."""
    _ui.message(text)


def error(text: str) -> None:
    """Something is wrong."""
    _ui.error(text)


def log(level: Level, text: str, **fields: str) -> None:
    """A structured record, shown on request."""
    _ui.log(_ui.Level[level.upper()], text, list(fields.items()))


def progress(what: str, done: int, total: int | None = None) -> None:
    """How far the step is, in units of its own."""
    _ui.progress(what, done, total)
