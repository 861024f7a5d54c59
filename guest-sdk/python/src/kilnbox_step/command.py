"""`kilnbox-step`: builds the component of a project, and prints the schema of its options."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .building import build, step_of
from .project import Project, ProjectError


def main() -> None:
    """The console script."""
    parser = argparse.ArgumentParser(prog="kilnbox-step", description="Builds Kilnbox steps written in Python.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help in (
        ("build", "make the component, dist/NAME.wasm"),
        ("schema", "print the JSON Schema of the options"),
    ):
        command = commands.add_parser(name, help=help, description=help.capitalize() + ".")
        command.add_argument(
            "project", nargs="?", type=Path, default=Path(), help="folder with the pyproject.toml; default: this one"
        )
    arguments = parser.parse_args()
    try:
        project = Project.read(arguments.project.resolve())
        if arguments.command == "build":
            made = build(project)
            print(f"{made}: {made.stat().st_size / 1_000_000:.1f} MB")
        else:
            print(json.dumps(step_of(project).schema(), indent=2, ensure_ascii=False))
    except ProjectError as error:
        sys.exit(f"kilnbox-step: {error}")


if __name__ == "__main__":
    main()
