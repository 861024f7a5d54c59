"""A component that calls every function of the contract, against what such a component did on a real container."""

import unittest
from pathlib import Path

from kilnbox_step.testing import Component

PROJECT = Path(__file__).parent / "every_capability"
EXPECTED = Path(__file__).parent.parent.parent / "tests" / "every-capability"


class EveryCapability(unittest.TestCase):
    def test_does_and_says_what_it_should(self) -> None:
        component = Component.build(PROJECT)
        options = {
            "folder": "given",
            "file": "given/a",
            "copy": "dist/copy",
            "archive": "dist/archive.tar.gz",
            "token": "hunter2",
        }
        for made in ("copy", "archive.tar.gz"):
            (PROJECT / "dist" / made).unlink(missing_ok=True)
        run = component.run(options, str(EXPECTED.with_suffix(".toml"))).failure("ending: on purpose")
        said = [line.split("]: ", 1)[1] for line in run.stdout.splitlines() if "[every-capability]: " in line]
        self.assertEqual(said, EXPECTED.with_suffix(".txt").read_text().splitlines())
        self.assertIn("[every-capability]: an error", run.stderr)
