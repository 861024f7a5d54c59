"""Makes the component of a project with `componentize-py`.

The compiler is given the contract that this package carries, a world made for the project, and an entry module that
joins the author's module to the contract. Nothing of WASI is imported: what a step may do is in its list of
capabilities, and there is nothing else it could do.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import sysconfig
from pathlib import Path
from shutil import copytree, move, which
from tempfile import TemporaryDirectory

from .project import Project, ProjectError
from .step import Step, exported

WIT = Path(__file__).parent / "wit"

_ENTRY = """\
import {module}
from kilnbox_step.component import exports

globals().update(exports({module!r}, {version!r}))
"""
_ENTRY_NAME = "kilnbox_component"


def build(project: Project) -> Path:
    """Builds the component and returns its file."""
    step = step_of(project)
    compiler = which("componentize-py", path=str(Path(sys.executable).parent)) or which("componentize-py")
    if compiler is None:
        raise ProjectError("`componentize-py` is not installed; it comes with `pip install kilnbox-step`")
    project.component.parent.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="kilnbox-step-") as temporary:
        wit = Path(temporary, "wit")
        copytree(WIT, wit / "deps" / "plugin")
        validates = step.validate is not Step.validate
        (wit / "world.wit").write_text(project.world(step.kind, validates))
        entry = _ENTRY.format(module=project.module, version=project.version)
        Path(temporary, f"{_ENTRY_NAME}.py").write_text(entry)
        paths = [Path(temporary), project.source, *map(Path, sys.path[1:])]
        command = [compiler, "--quiet", "--wit-path", wit, "--world", "step", "componentize", "--stub-wasi"]
        for path in paths:
            if path.is_dir() and not _is_standard_library(path):
                command += ["--python-path", path]
        made = Path(temporary, "component.wasm")
        if subprocess.run([*map(str, command), "--output", str(made), _ENTRY_NAME]).returncode != 0:
            raise ProjectError(f"`{project.module}` could not be made a component; its messages are above")
        move(made, project.component)
    return project.component


def is_built(project: Project) -> bool:
    """Whether the component is newer than all it was made of."""
    if not project.component.exists():
        return False
    made_of = [project.folder / "pyproject.toml", *project.source.glob("*.py")]
    made_of += (project.source / project.module).rglob("*.py")
    made_of += [*Path(__file__).parent.glob("*.py"), *WIT.glob("*.wit")]
    return project.component.stat().st_mtime > max(file.stat().st_mtime for file in made_of)


def step_of(project: Project) -> type[Step[object]]:
    """Imports the author's module here first, where its mistakes have their usual messages."""
    sys.path.insert(0, str(project.source))
    try:
        importlib.import_module(project.module)
    except ModuleNotFoundError as error:
        if error.name != project.module:
            raise
        raise ProjectError(f"no module `{project.module}` in {project.source}") from None
    finally:
        sys.path.remove(str(project.source))
    try:
        return exported(project.module)
    except LookupError as error:
        raise ProjectError(str(error)) from None


def _is_standard_library(path: Path) -> bool:
    """The component has its own."""
    library = Path(sysconfig.get_paths()["stdlib"])
    return path in (library, library / "lib-dynload")
