"""From the JSON text of the options to the author's dataclass.

The host has checked the text against the schema and filled in what templates left to be interpolated, so what is
refused here is what a schema cannot say, such as `5 minutes` for a duration.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from . import durations
from .errors import ErrorCode, StepError
from .formats import Secret

Options = TypeVar("Options")


class Mismatch(ValueError):
    """A value that its option cannot have. `at` is the JSON pointer."""

    def __init__(self, at: str, message: str) -> None:
        super().__init__(f"`{at or '/'}`: {message}")
        self.at = at
        self.message = message


def read(options: type[Options], text: str) -> Options:
    """The options in the JSON `text`."""
    try:
        return cast(Options, _dataclass(options, json.loads(text), ""))
    except ValueError as error:
        raise StepError(str(error), ErrorCode.INVALID) from None


def _dataclass(of: Any, value: Any, at: str) -> Any:
    if not isinstance(value, dict):
        raise Mismatch(at, "not an object")
    hints = get_type_hints(of, include_extras=True)
    known = {field.name for field in fields(of)}
    for name in value:
        if name not in known:
            raise Mismatch(f"{at}/{name}", "no such option")
    given = {name: _value(hints[name], item, f"{at}/{name}") for name, item in value.items()}
    for field in fields(of):
        if field.name not in given and field.default is MISSING and field.default_factory is MISSING:
            raise Mismatch(f"{at}/{field.name}", "must be set")
    return of(**given)


def _value(hint: Any, value: Any, at: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _value(arguments[0], value, at)
    if hint is Any:
        return value
    if hint is timedelta and isinstance(value, (str, int)) and not isinstance(value, bool):
        return _within(at, lambda: durations.parse(value))
    if hint is Secret and isinstance(value, str):
        return Secret(value)
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if hint in (str, int, bool) and type(value) is hint:
        return value
    if hint is NoneType and value is None:
        return None
    if origin is Literal and value in arguments:
        return value
    if origin is list and isinstance(value, list):
        return [_value(arguments[0], item, f"{at}/{place}") for place, item in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {name: _value(arguments[1], item, f"{at}/{name}") for name, item in value.items()}
    if origin in (Union, UnionType):
        return _union(arguments, value, at)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _within(at, lambda: hint(value))
    if is_dataclass(hint):
        return _dataclass(hint, value, at)
    raise Mismatch(at, f"`{json.dumps(value)}` does not fit")


def _union(members: tuple[Any, ...], value: Any, at: str) -> Any:
    mismatches = []
    for member in members:
        try:
            return _value(member, value, at)
        except Mismatch as mismatch:
            mismatches.append(mismatch)
    # The one that came furthest speaks of what was meant.
    raise max(mismatches, key=lambda mismatch: len(mismatch.at))


def _within(at: str, read: Any) -> Any:
    try:
        return read()
    except ValueError as error:
        raise Mismatch(at, str(error)) from None
