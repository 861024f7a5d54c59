"""The files that the user named as outputs in this step's options, and the files of the input artifact.

Those of the artifact can only be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from .assets import PIECE
from .contract import call, interface
from .errors import StepError

_outputs = interface("outputs")


class Output:
    """A local file or folder."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    @property
    def path(self) -> str:
        """As the user wrote it (and below it, for `child`)."""
        return str(self.raw.path())

    @property
    def exists(self) -> bool:
        """Whether anything is there."""
        return bool(self.raw.exists())

    @property
    def is_directory(self) -> bool:
        """Whether it is a folder."""
        return bool(self.raw.is_directory())

    def child(self, name: str) -> Output:
        """A file directly below this folder. `name` is one component: no separator, not `.` or `..`."""
        return Output(call(self.raw.child, name))

    def read_bytes(self, limit: int = 16 * PIECE) -> bytes:
        """All of a file; more than `limit` bytes are an error."""
        content = bytearray()
        while piece := call(self.raw.read, len(content), PIECE):
            content += piece
            if len(content) > limit:
                raise StepError(f"`{self.path}` is larger than the {limit} bytes that are read of it")
        return bytes(content)

    def replace(self, content: bytes | str, mode: int | None = None) -> None:
        """Replaces the content at once, or leaves the old one whole. Missing parents are made."""
        call(self.raw.replace, content.encode() if isinstance(content, str) else content, mode)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps other builds and other runs from this output inside the `with` block."""
        with call(self.raw.lock):
            yield

    def digest(self, *algorithms: str) -> dict[str, str]:
        """Digests of the content by algorithm, in lowercase hexadecimal.

        They are `md5`, `sha1`, `sha224`, `sha256`, `sha384` and `sha512`. The host reads the file once for all of them.
        """
        return dict(zip(algorithms, call(self.raw.digest, list(algorithms))))


Container = Literal["tar", "zip", "none"]
Compression = Literal["none", "gzip", "bgzf", "lz4", "zstd", "xz", "bzip2"]


class Archive:
    """Files to be written as one, on the host side and with all cores: the bytes never pass through the step.

    A `zip` compresses its files itself and takes `none`; the container `none` is for one file alone.
    """

    def __init__(self, container: Container, compression: Compression, level: int | None = None) -> None:
        """`level` is from 1, fast, to 9, small, where the compression knows levels."""
        self._raw = _outputs.Archive(container, compression)
        if level is not None:
            self._raw.level(level)

    def add(self, file: Output, name: str) -> None:
        """Adds a file under a name in the archive: relative, with `/`, without `.` and `..`."""
        call(self._raw.add, file.raw, name)

    def write(self, to: Output) -> int:
        """Writes the archive: whole, or not at all. Missing parents are made. Returns its size in bytes."""
        return int(call(self._raw.write, to.raw))

    @property
    def cores(self) -> int:
        """How many threads compress."""
        return int(self._raw.cores())


def open(path: str) -> Output:
    """Names a path exactly as it stands in the options, of the type `OutputPath`.

    Or a file of the input artifact, or one that `matching` found.
    """
    return Output(call(_outputs.open, path))


def open_rendered(at: str, **data: str) -> Output:
    """Renders the option at the JSON pointer `at`, of the type `OutputTemplate`, and names the path that comes of it.

    Each of `data` is the build's name or type, or part of a file name: no separator, no dot at its start, not empty.
    """
    return Output(call(_outputs.open_rendered, at, list(data.items())))


def matching(pattern: str) -> list[str]:
    """The local files that a pattern of the options, of the type `FilePattern`, matches now, sorted."""
    return list(call(_outputs.matching, pattern))
