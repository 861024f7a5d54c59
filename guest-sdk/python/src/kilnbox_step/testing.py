"""Tests of the built component, for an author's `unittest` or pytest.

A transcript says what the step is expected to do and what the instance answers, so a test needs no machine. The program
`kilnbox` runs the component, in the sandbox that users run it in; the environment variable `KILNBOX` says where it is
when it is not on the `PATH`. Logic that calls no capability needs none of this: import the module and call it.

    class Transcripts(unittest.TestCase):
        @classmethod
        def setUpClass(cls) -> None:
            cls.component = Component.build(Path(__file__).parent.parent)

        def test_the_file_is_written(self) -> None:
            self.component.run({"sudo": True}, against="tests/sudo.toml").success()
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from .building import build, is_built
from .project import Project


@dataclass(frozen=True)
class Run:
    """What a run of the component came to."""

    succeeded: bool
    """Exit code 0."""
    stdout: str
    """What the step said, as a person sees it."""
    stderr: str
    """What went wrong, as a person sees it."""

    def success(self) -> Self:
        """Itself if it succeeded; otherwise the test fails with all that was said."""
        if self.succeeded:
            return self
        raise AssertionError(f"the step did not succeed\n{self.stdout}{self.stderr}")

    def failure(self, words: str) -> Self:
        """Itself if it failed and said so in these words; otherwise the test fails with all that was said."""
        if not self.succeeded and words in self.stderr:
            return self
        ended = "the step succeeded" if self.succeeded else "the step failed in other words"
        raise AssertionError(f"{ended}, and `{words}` was expected\n{self.stdout}{self.stderr}")


@dataclass(frozen=True)
class Component:
    """A component that was built."""

    project: Path
    file: Path

    @classmethod
    def build(cls, project: Path) -> Self:
        """Builds the project in this folder, unless its component is newer than its sources."""
        read = Project.read(project.resolve())
        return cls(read.folder, read.component if is_built(read) else build(read))

    def run(
        self,
        options: Mapping[str, Any],
        against: str | None = None,
        *,
        artifact: Sequence[str] = (),
        grant: Sequence[str] = (),
    ) -> Run:
        """Runs it with options against a transcript, `rootfs` or `ssh://…`; a post-processor works on the files of
        `artifact`. Paths are relative to the project."""
        arguments = ["--config", json.dumps(options)]
        arguments += ["--against", against] if against is not None else []
        arguments += [word for file in artifact for word in ("--artifact", file)]
        arguments += [word for capability in grant for word in ("--grant", capability)]
        return self._kilnbox("run", *arguments)

    def check(self) -> Run:
        """`kilnbox plugin check`: what it imports, its schema, its size."""
        return self._kilnbox("check")

    def _kilnbox(self, what: str, *arguments: str) -> Run:
        program = os.environ.get("KILNBOX", "kilnbox")
        try:
            ended = subprocess.run(
                [program, "plugin", what, str(self.file), *arguments],
                cwd=self.project,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
        except FileNotFoundError:
            raise AssertionError(
                f"no program `{program}`\n"
                "hint: install Kilnbox, or set the environment variable `KILNBOX` to the program"
            ) from None
        return Run(ended.returncode == 0, ended.stdout, ended.stderr)
