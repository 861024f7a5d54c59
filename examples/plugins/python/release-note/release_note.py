"""The `release-note` post-processor: Markdown with the size and the digests of every file of the artifact."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kilnbox_step import (
    Artifact,
    Diagnostic,
    Job,
    OutputPath,
    PostProcessor,
    Processed,
    export,
    outputs,
    ui,
)

Algorithm = Literal["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]


@dataclass(kw_only=True)
class Options:
    """Writes a release note with the digests of the artifact's files."""

    output: OutputPath
    """The file to write."""

    title: str = "Release"
    """The headline."""

    algorithms: list[Algorithm] = field(default_factory=lambda: ["sha256"])
    """Digests to list."""


@export
class ReleaseNote(PostProcessor[Options]):
    name = "release-note"
    examples = [{"type": "release-note", "output": "RELEASE.md", "algorithms": ["sha256", "sha512"]}]

    def validate(self, options: Options) -> list[Diagnostic]:
        if options.algorithms:
            return []
        return [Diagnostic.error("/algorithms", "at least one is needed")]

    def run(self, options: Options, artifact: Artifact, job: Job) -> Processed:
        ui.say(f"Writing the release note {options.output}")
        files = [
            section(file, artifact.file_size(file), outputs.open(file).digest(*options.algorithms))
            for file in artifact.files
        ]
        note = "\n".join([heading(options.title, artifact.builder_id, artifact.id), *files])
        outputs.open(options.output).replace(note, mode=0o644)
        return Processed(
            builder_id="kilnbox.release-note",
            id=options.output,
            description=f"Release note: {options.output}",
            files=[options.output],
            keep_input=True,
        )


def heading(title: str, builder_id: str, id: str) -> str:
    """What stands above the files."""
    return f"# {title}\n\nMade by {builder_id}{f': {id}' if id else ''}\n"


def section(file: str, size: int, digests: Mapping[str, str]) -> str:
    """What stands there of one file."""
    name = file.rsplit("/", 1)[-1]
    lines = [f"## {name}", "", f"- size: {size} bytes"]
    lines += [f"- {algorithm}: {digest}" for algorithm, digest in digests.items()]
    return "".join(f"{line}\n" for line in lines)
