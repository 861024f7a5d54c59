"""Runs commands that do nothing, one after the other: what a step costs beside its work."""

from dataclasses import dataclass

from kilnbox_step import Instance, Job, Provisioner, export


@dataclass
class Options:
    """Runs commands that do nothing."""

    commands: int = 100
    """How many."""


@export
class Hundred(Provisioner[Options]):
    name = "hundred"

    def run(self, options: Options, instance: Instance, job: Job) -> None:
        for _ in range(options.commands):
            instance.run("true", discard=True).check()
