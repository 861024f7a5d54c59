"""Steps, their errors, and what is there outside a component."""

import unittest
from dataclasses import dataclass

from kilnbox_step import (
    ErrorCode,
    Exited,
    Instance,
    Job,
    Lost,
    Outcome,
    PostProcessor,
    Provisioner,
    Signalled,
    StepError,
    assets,
    doing,
    export,
    ui,
)


class Errors(unittest.TestCase):
    def test_context_is_kept_innermost_first(self) -> None:
        with self.assertRaises(StepError) as raised, doing("uploading the script"), doing("writing `/etc/motd`"):
            raise StepError("permission denied", ErrorCode.REMOTE)
        self.assertEqual(raised.exception.context, ["writing `/etc/motd`", "uploading the script"])
        self.assertEqual(
            str(raised.exception), "uploading the script: writing `/etc/motd`: permission denied"
        )

    def test_of_a_command_say_what_it_said_or_how_it_ended(self) -> None:
        for outcome, message in (
            (Outcome(Exited(1), stderr=b" no space \n"), "trying: no space"),
            (Outcome(Exited(1), stderr=b"\xff"), "trying: \ufffd"),
            (Outcome(Exited(3), stderr=b"\n"), "trying: exit code 3"),
            (Outcome(Signalled("KILL"), stderr=b"bye"), "trying: ended by signal KILL"),
            (Outcome(Lost()), "trying: the connection was lost"),
        ):
            with self.subTest(message), self.assertRaises(StepError) as raised:
                outcome.check("trying")
            self.assertEqual(str(raised.exception), message)
            self.assertIs(raised.exception.code, ErrorCode.REMOTE)
        outcome = Outcome(Exited(0), stderr=b"a warning")
        self.assertIs(outcome.check("trying"), outcome)


class OutsideAComponent(unittest.TestCase):
    def test_a_capability_says_that_it_is_not_there(self) -> None:
        with self.assertRaisesRegex(StepError, "`ui.say` cannot be called: this is no component"):
            ui.say("hello")
        with self.assertRaisesRegex(StepError, "`assets.open` cannot be called: this is no component"):
            assets.open("motd")


@dataclass
class Options:
    pass


class Exporting(unittest.TestCase):
    def test_a_step_has_a_name(self) -> None:
        with self.assertRaisesRegex(TypeError, "`Nameless` must say its name"):

            @export
            class Nameless(Provisioner[Options]):
                pass

    def test_a_step_says_its_options(self) -> None:
        with self.assertRaisesRegex(TypeError, "`Bare` must say its options"):

            @export
            class Bare(PostProcessor):  # type: ignore[type-arg]
                name = "bare"

    def test_a_step_does_something(self) -> None:
        with self.assertRaisesRegex(TypeError, "`Idle` must have a method `run`"):

            @export
            class Idle(Provisioner[Options]):
                name = "idle"

    def test_a_module_exports_one_step(self) -> None:
        @export
        class First(Provisioner[Options]):
            name = "first"

            def run(self, options: Options, instance: Instance, job: Job) -> None:
                pass

        with self.assertRaisesRegex(TypeError, "exports two steps"):
            export(First)
