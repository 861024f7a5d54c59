"""Writes a list of the artifact's files with their SHA-256, as `sha256sum` does."""

from dataclasses import dataclass

from kilnbox_step import Artifact, Diagnostic, Job, OutputPath, PostProcessor, Processed
from kilnbox_step import doing, export, outputs, ui


@dataclass(kw_only=True)
class Options:
    """Writes a list of the artifact's files with their SHA-256."""

    output: OutputPath
    """The file to write."""

    prefix: str = ""
    """Text before the name of each file."""


@export
class Step(PostProcessor[Options]):
    name = "{{ name }}"
    examples = [{"type": "{{ name }}", "output": "SHA256SUMS"}]

    def validate(self, options: Options) -> list[Diagnostic]:
        return [Diagnostic.error("/prefix", "has a line break in it")] if "\n" in options.prefix else []

    def run(self, options: Options, artifact: Artifact, job: Job) -> Processed:
        ui.say(f"Writing {options.output}")
        lines = []
        for file in artifact.files:
            with doing(f"reading {file}"):
                lines.append(line(options, outputs.open(file).digest("sha256")["sha256"], file))
        outputs.open(options.output).replace("".join(lines), mode=0o644)
        return Processed.unchanged()


def line(options: Options, digest: str, file: str) -> str:
    """As `sha256sum` writes it."""
    return f"{digest}  {options.prefix}{file}\n"
