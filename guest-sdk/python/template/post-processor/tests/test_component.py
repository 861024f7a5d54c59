"""The component on an artifact of a file."""

import unittest
from pathlib import Path

from kilnbox_step.testing import Component

PROJECT = Path(__file__).parent.parent


class TheComponent(unittest.TestCase):
    component: Component

    @classmethod
    def setUpClass(cls) -> None:
        cls.component = Component.build(PROJECT)

    def test_the_list_has_every_file(self) -> None:
        self.component.run({"output": "dist/SHA256SUMS"}, artifact=["tests/disk.raw"]).success()
        self.assertEqual(
            (PROJECT / "dist" / "SHA256SUMS").read_text(),
            "144bff7406a097df2a8b6baadc0b53360b857a2ec76a5060479ab808e0d7e79b  tests/disk.raw\n",
        )

    def test_kilnbox_finds_nothing_wrong(self) -> None:
        self.component.check().success()
