"""The component against transcripts: what it does on the instance, and what the instance answers."""

import unittest
from pathlib import Path

from kilnbox_step.testing import Component


class TheComponent(unittest.TestCase):
    component: Component

    @classmethod
    def setUpClass(cls) -> None:
        cls.component = Component.build(Path(__file__).parent.parent)

    def test_the_message_is_put_in_place(self) -> None:
        self.component.run({"text": "Welcome."}, "tests/message.toml").success()

    def test_what_install_says_is_the_error(self) -> None:
        run = self.component.run({"text": "Welcome.", "sudo": True}, "tests/no-sudo.toml")
        run.failure("installing /etc/motd: sudo: a password is required")

    def test_kilnbox_finds_nothing_wrong(self) -> None:
        self.component.check().success()
