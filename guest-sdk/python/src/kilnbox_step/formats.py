"""Types for options that the host must know about.

Each writes its `format` into the schema: the host checks and resolves paths, leaves templates for the step to render,
and keeps secrets out of every text. For a type checker, all but `Secret` and `Duration` are the text the user wrote.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, TypeAlias


class Schema:
    """Further JSON Schema keywords of an option: `Annotated[int, Schema(minimum=1)]`."""

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords


AssetPath: TypeAlias = Annotated[str, Schema(format="asset-path")]
"""A local file or folder to read, for `assets.open`."""

AssetFile: TypeAlias = Annotated[str, Schema(format="asset-file")]
"""A local file to read, no folder, for `assets.open`."""

AssetDirectory: TypeAlias = Annotated[str, Schema(format="asset-directory")]
"""A local folder to read, no file, for `assets.open`."""

OutputPath: TypeAlias = Annotated[str, Schema(format="output-path")]
"""A local file or folder to write, for `outputs.open`."""

OutputTemplate: TypeAlias = Annotated[str, Schema(format="output-template")]
"""A local file to write whose path is a template, for `outputs.open_rendered`. The text is not rendered yet."""

FilePattern: TypeAlias = Annotated[str, Schema(format="file-pattern")]
"""Local files to take into an artifact, with `*`, `?` and `[…]`, for `outputs.matching`."""

RuntimeTemplate: TypeAlias = Annotated[str, Schema(format="runtime-template")]
"""A template that the step has rendered when its data is known, with `template.render`. The text is not rendered yet."""

Duration: TypeAlias = timedelta
"""A length of time, written in Go's syntax: `5m`, `1h30m`, `1.5s`."""


class Secret:
    """A value that is never shown: neither `str` nor `repr` give it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"
