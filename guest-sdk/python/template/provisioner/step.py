"""Writes the message that people see when they log in."""

from dataclasses import dataclass

from kilnbox_step import Diagnostic, Instance, Job, Provisioner, export, ui


@dataclass(kw_only=True)
class Options:
    """Writes the message that people see when they log in."""

    text: str
    """What the message says."""

    path: str = "/etc/motd"
    """The file on the instance."""

    sudo: bool = False
    """Whether to put the file in place with `sudo`."""


@export
class Step(Provisioner[Options]):
    name = "{{ name }}"
    examples = [{"type": "{{ name }}", "text": "Welcome."}]

    def validate(self, options: Options) -> list[Diagnostic]:
        return [] if options.text.strip() else [Diagnostic.error("/text", "says nothing")]

    def run(self, options: Options, instance: Instance, job: Job) -> None:
        ui.say(f"Writing {options.path}")
        staged = instance.stage(content(options), job.temporary_path(self.name))
        staged.install(options.path, sudo=options.sudo)


def content(options: Options) -> str:
    """The file, which ends with a line break."""
    return f"{options.text.rstrip()}\n"
