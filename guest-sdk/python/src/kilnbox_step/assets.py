"""The local files and folders that the user named in this step's options, and no others."""

from __future__ import annotations

from typing import Any

from .contract import call, interface

_assets = interface("assets")

PIECE = 1024 * 1024
"""Bytes of one call."""


class Asset:
    """A local file or folder. Hand it to `Instance.upload` rather than reading it: its bytes move on the host side."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    @property
    def path(self) -> str:
        """As the user wrote it."""
        return str(self.raw.path())

    @property
    def name(self) -> str:
        """Last component of the path."""
        return str(self.raw.file_name())

    @property
    def is_directory(self) -> bool:
        """Whether it is a folder."""
        return bool(self.raw.is_directory())

    @property
    def size(self) -> int:
        """In bytes; 0 for a folder."""
        return int(self.raw.size())

    @property
    def mode(self) -> int:
        """Permission bits."""
        return int(self.raw.mode())

    def read_bytes(self) -> bytes:
        """All of a file. Large ones go over the sandbox's memory."""
        content = bytearray()
        while piece := call(self.raw.read, len(content), PIECE):
            content += piece
        return bytes(content)

    def read_text(self) -> str:
        """All of a file, as UTF-8; what is none is replaced."""
        return self.read_bytes().decode(errors="replace")


def open(path: str) -> Asset:
    """Opens a path exactly as it stands in the options, of the type `AssetPath`, `AssetFile` or `AssetDirectory`."""
    return Asset(call(_assets.open, path))
