'''What an author of a Kilnbox step in Python depends on.

A step is a class and a dataclass of options; their docstrings are their documentation.

    """Installs packages with apt."""

    from dataclasses import dataclass

    from kilnbox_step import Instance, Job, Provisioner, export, quote, ui


    @dataclass(kw_only=True)
    class Options:
        """Installs packages with apt."""

        packages: list[str]
        """Packages to install."""


    @export
    class Apt(Provisioner[Options]):
        name = "apt"

        def run(self, options: Options, instance: Instance, job: Job) -> None:
            ui.say(f"Installing {len(options.packages)} packages")
            line = "apt-get install -y " + " ".join(map(quote, options.packages))
            instance.run(line, env={"DEBIAN_FRONTEND": "noninteractive"}).check("installing the packages")

`kilnbox-step build` makes it a component. It imports the capabilities that pyproject.toml lists and nothing of WASI:
a step has no clock, no file and no socket of its own, only what the modules here give.

Logic that calls no capability can be tested with plain `unittest` or pytest: importing the SDK works outside a
component, where a call of a capability raises `StepError`.
'''

from shlex import quote

from . import assets, host, outputs, template, ui
from .artifacts import Artifact, Processed
from .assets import Asset
from .commands import Exit, Exited, Lost, Outcome, Process, Signalled
from .errors import ErrorCode, StepError, doing
from .formats import (
    AssetDirectory,
    AssetFile,
    AssetPath,
    Duration,
    FilePattern,
    OutputPath,
    OutputTemplate,
    RuntimeTemplate,
    Schema,
    Secret,
)
from .instance import Instance
from .job import Job
from .outputs import Archive, Output
from .staging import Staged
from .step import Diagnostic, PostProcessor, Provisioner, export

__all__ = [
    "Archive",
    "Artifact",
    "Asset",
    "AssetDirectory",
    "AssetFile",
    "AssetPath",
    "Diagnostic",
    "Duration",
    "ErrorCode",
    "Exit",
    "Exited",
    "FilePattern",
    "Instance",
    "Job",
    "Lost",
    "Outcome",
    "Output",
    "OutputPath",
    "OutputTemplate",
    "PostProcessor",
    "Process",
    "Processed",
    "Provisioner",
    "RuntimeTemplate",
    "Schema",
    "Secret",
    "Signalled",
    "Staged",
    "StepError",
    "assets",
    "doing",
    "export",
    "host",
    "outputs",
    "quote",
    "template",
    "ui",
]
