"""The contract's imports as `componentize-py` writes them from the WIT, and what stands in for them elsewhere.

The bindings exist only inside a component, so the rest of the SDK reaches them through [`interface`][] and
[`call`][], and importing the SDK works anywhere: an interface that is not there raises when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from .errors import ErrorCode, StepError

Result = TypeVar("Result")


class Absent:
    """Stands for an interface that this program cannot call, and says why when it is tried."""

    def __init__(self, name: str, reason: str) -> None:
        self._name = name
        self._reason = reason

    def __getattr__(self, item: str) -> Any:
        if item.startswith("__"):
            raise AttributeError(item)
        raise StepError(f"`{self._name}.{item.lower()}` cannot be called: {self._reason}", ErrorCode.DENIED)


def _why_absent(name: str) -> str:
    try:
        import_module("wit_world")
    except ModuleNotFoundError:
        return "this is no component"
    return f"add `{name}` to `capabilities` of `[tool.kilnbox-step]` in pyproject.toml"


def interface(name: str) -> Any:
    """The generated module of an interface of `kilnbox:plugin`, named as in the WIT.

    Untyped, since it is generated for each component anew; the modules that call this give it types.
    """
    try:
        return import_module(f"wit_world.imports.{name.replace('-', '_')}")
    except ModuleNotFoundError:
        return Absent(name, _why_absent(name))


def _raised() -> type[Exception]:
    try:
        error: type[Exception] = import_module("componentize_py_types").Err
    except ModuleNotFoundError:
        # Nothing can be called here, so nothing is raised.
        return StepError
    return error


Err: Any = _raised()
types: Any = interface("types")


def call(function: Callable[..., Result], *arguments: object) -> Result:
    """Calls a function of the contract whose result may be an error, and raises that as a `StepError`."""
    try:
        return function(*arguments)
    except Err as raised:
        if isinstance(raised, StepError):
            raise
        error = raised.value
        code = ErrorCode(error.code.name.lower().replace("_", "-"))
        raise StepError(error.message, code, error.context) from None
