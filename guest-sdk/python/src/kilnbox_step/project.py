"""A step's project: what its pyproject.toml says, and the world that its component is built for.

    [project]
    name = "harden-sshd"
    version = "1.0.0"

    [tool.kilnbox-step]
    module = "harden_sshd"              # default: the name of the project, with `_` for `-`
    capabilities = ["exec", "upload"]   # default: those that are granted without asking

The component imports `types`, `ui` and what is on the list. That is what its user is asked to grant, so a short list is a
good one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONTRACT = "1.0.0"
"""Version of `kilnbox:plugin` that this SDK is for."""

ALWAYS = ("types", "ui")
"""Imported by every component."""

BY_DEFAULT = {
    "provisioner": ("template", "assets", "exec", "upload", "download", "reconnect", "outputs"),
    "post-processor": ("template", "assets", "outputs"),
}
"""Without a list: what is granted without asking."""
ON_REQUEST = ("connection", "host-exec", "prompt")


class ProjectError(Exception):
    """The project cannot be built as it is."""


@dataclass(frozen=True)
class Project:
    """A folder with a pyproject.toml."""

    folder: Path
    name: str
    version: str
    module: str
    capabilities: tuple[str, ...] | None
    """None where pyproject.toml does not say."""

    @classmethod
    def read(cls, folder: Path) -> Project:
        """Reads pyproject.toml."""
        file = folder / "pyproject.toml"
        try:
            content = tomllib.loads(file.read_text())
        except FileNotFoundError:
            raise ProjectError(f"no {file}; run this in the folder of a step, or name the folder") from None
        except tomllib.TOMLDecodeError as error:
            raise ProjectError(f"{file}: {error}") from None
        project, settings = content.get("project", {}), content.get("tool", {}).get("kilnbox-step", {})
        for key in ("name", "version"):
            if not isinstance(project.get(key), str):
                raise ProjectError(f"{file}: `{key}` is missing from `[project]`")
        for key in settings:
            if key not in ("module", "capabilities"):
                raise ProjectError(f"{file}: `[tool.kilnbox-step]` has no `{key}`; it has `module` and `capabilities`")
        name: str = project["name"]
        return cls(
            folder=folder,
            name=name,
            version=project["version"],
            module=settings.get("module", name.replace("-", "_")),
            capabilities=_capabilities(file, settings.get("capabilities")),
        )

    @property
    def source(self) -> Path:
        """Where the module is: `src/` if there is one, as Python's packaging has it."""
        src = self.folder / "src"
        return src if src.is_dir() else self.folder

    @property
    def component(self) -> Path:
        """Where the component goes."""
        return self.folder / "dist" / f"{self.name}.wasm"

    def world(self, kind: str, validates: bool) -> str:
        """The world of the component, as WIT."""
        capabilities = BY_DEFAULT[kind] if self.capabilities is None else self.capabilities
        exports = ["plugin", *(["validator"] if validates else []), kind]
        lines = [f"import kilnbox:plugin/{interface}@{CONTRACT};" for interface in (*ALWAYS, *capabilities)]
        lines += [f"export kilnbox:plugin/{interface}@{CONTRACT};" for interface in exports]
        body = "\n".join(f"  {line}" for line in lines)
        return f"package kilnbox:step;\n\nworld step {{\n{body}\n}}\n"


def _capabilities(file: Path, written: Any) -> tuple[str, ...] | None:
    if written is None:
        return None
    known = (*BY_DEFAULT["provisioner"], *ON_REQUEST)
    if not isinstance(written, list):
        raise ProjectError(f"{file}: `capabilities` is a list, such as [\"exec\", \"upload\"]")
    for capability in written:
        if capability not in known:
            raise ProjectError(f"{file}: no capability `{capability}`; there are {', '.join(known)}")
    return tuple(written)
