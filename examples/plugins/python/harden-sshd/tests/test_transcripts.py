"""The component against transcripts: what it does on the instance, in which order, and what it says on failure."""

import unittest
from pathlib import Path

from kilnbox_step.testing import Component

TRANSCRIPTS = "../../transcripts"


class Transcripts(unittest.TestCase):
    component: Component

    @classmethod
    def setUpClass(cls) -> None:
        cls.component = Component.build(Path(__file__).parent.parent)

    def test_the_file_is_put_in_place_and_checked(self) -> None:
        options = {"allow_users": ["admin", "build"]}
        self.component.run(options, f"{TRANSCRIPTS}/harden-sshd.toml").success()

    def test_a_banner_is_put_in_place_with_sudo(self) -> None:
        options = {"banner": "tests/banner.txt", "path": "/etc/ssh/my conf", "sudo": True}
        self.component.run(options, f"{TRANSCRIPTS}/harden-sshd-sudo-banner.toml").success()

    def test_a_file_that_sshd_does_not_take_is_removed(self) -> None:
        run = self.component.run({}, f"{TRANSCRIPTS}/harden-sshd-check-fails.toml")
        run.failure("the check did not pass: line 2: Bad configuration option")

    def test_what_install_says_is_the_error(self) -> None:
        run = self.component.run({}, f"{TRANSCRIPTS}/harden-sshd-install-fails.toml")
        run.failure("installing /etc/ssh/sshd_config.d/50-hardening.conf: install: cannot create regular file")

    def test_the_component_passes_the_check(self) -> None:
        self.component.check().success()
