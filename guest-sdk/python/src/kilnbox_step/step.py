"""The two kinds of steps, and `export`, which makes one of them the component."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import isabstract
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_args, get_origin

from .artifacts import Artifact, Processed
from .instance import Instance
from .job import Job
from .schema import schema_of

Options = TypeVar("Options")


@dataclass(frozen=True)
class Diagnostic:
    """One thing wrong with the options. `at` is the JSON pointer of the option, or empty for the whole."""

    severity: Literal["error", "warning"]
    at: str
    message: str
    hint: str | None = None

    @classmethod
    def error(cls, at: str, message: str, hint: str | None = None) -> Diagnostic:
        """Something that keeps the template from being built."""
        return cls("error", at, message, hint)

    @classmethod
    def warning(cls, at: str, message: str, hint: str | None = None) -> Diagnostic:
        """Something that the user should know and that does not stop the build."""
        return cls("warning", at, message, hint)


class Step(ABC, Generic[Options]):
    """What provisioners and post-processors have in common. `Options` is a dataclass."""

    kind: ClassVar[Literal["provisioner", "post-processor"]]

    name: ClassVar[str]
    """The name that the user writes as `type`."""

    examples: ClassVar[Sequence[dict[str, Any]]] = ()
    """Blocks of a template, for the page of documentation."""

    def validate(self, options: Options) -> Sequence[Diagnostic]:
        """Checks what the schema cannot say. No capability answers meanwhile."""
        return ()

    @classmethod
    def options_type(cls) -> type[Options]:
        """The dataclass between the brackets of the base class."""
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) in (Provisioner, PostProcessor):
                options: type[Options] = get_args(base)[0]
                return options
        raise TypeError(f"`{cls.__name__}` must say its options: `class {cls.__name__}(Provisioner[Options])`")

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """The JSON Schema of the options, as `describe` gives it."""
        schema = schema_of(cls.options_type())
        if cls.examples:
            schema["examples"] = list(cls.examples)
        return schema


class Provisioner(Step[Options]):
    """Works on the instance that is being built."""

    kind = "provisioner"

    @abstractmethod
    def run(self, options: Options, instance: Instance, job: Job) -> None:
        """Does the work. Runs in a fresh component each time, also for a retry."""
        raise NotImplementedError


class PostProcessor(Step[Options]):
    """Works on the artifact of a builder or of an earlier post-processor."""

    kind = "post-processor"

    @abstractmethod
    def run(self, options: Options, artifact: Artifact, job: Job) -> Processed:
        """Does the work. Runs in a fresh component each time, also for a retry."""
        raise NotImplementedError


Exported = TypeVar("Exported", bound=type[Provisioner[Any]] | type[PostProcessor[Any]])

_exported: dict[str, type[Provisioner[Any]] | type[PostProcessor[Any]]] = {}


def export(step: Exported) -> Exported:
    """Makes the step what the component of its module is: one line above the class, or below it."""
    if not getattr(step, "name", ""):
        raise TypeError(f"`{step.__name__}` must say its name: `name = \"…\"`")
    # Says now, where the author sees it, what is wrong with the options.
    step.schema()
    if isabstract(step):
        raise TypeError(f"`{step.__name__}` must have a method `run`")
    if step.__module__ in _exported:
        raise TypeError(f"`{step.__module__}` exports two steps; a component is one")
    _exported[step.__module__] = step
    return step


def exported(module: str) -> type[Provisioner[Any]] | type[PostProcessor[Any]]:
    """The step of a module."""
    try:
        return _exported[module]
    except KeyError:
        raise LookupError(f"`{module}` exports no step; put `@export` above its class") from None
