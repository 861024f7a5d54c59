"""What a builder or an earlier post-processor made, and what a post-processor makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .contract import call


class Artifact:
    """The input of a post-processor, lent to `run` for one try."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    @property
    def builder_id(self) -> str:
        """Who made it, such as `packer.file`."""
        return str(self._raw.builder_id())

    @property
    def id(self) -> str:
        """What it is, in words of its builder; may be empty."""
        return str(self._raw.id())

    @property
    def description(self) -> str:
        """As it is shown to people."""
        return str(self._raw.description())

    @property
    def files(self) -> list[str]:
        """Local files, as names to hand to `outputs`; not paths the step could open."""
        return list(self._raw.files())

    def file_size(self, name: str) -> int:
        """Size of one of `files` in bytes."""
        return int(call(self._raw.file_size, name))


@dataclass(frozen=True, kw_only=True)
class Processed:
    """What a post-processor returns: a new artifact, or `Processed.unchanged()`."""

    builder_id: str | None
    """Who made it, a name of your own such as `acme.release-note`. None where the input goes on unchanged."""
    id: str = ""
    """What it is, for later steps."""
    description: str = ""
    """As it is shown to people."""
    files: Sequence[str] = ()
    """Paths that the user named as outputs, files that a pattern of the user matched, or the input's files."""
    keep_input: bool | None = None
    """Whether the input stays when the user did not say so. Default: no for a new artifact."""
    must_keep_input: bool = False
    """Whether the input stays even when the user said it should not."""

    @classmethod
    def unchanged(cls) -> Processed:
        """The input artifact, unchanged; it is kept."""
        return cls(builder_id=None)
