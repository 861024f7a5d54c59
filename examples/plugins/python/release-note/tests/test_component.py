"""The component on a file of its own making."""

import hashlib
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from kilnbox_step.testing import Component

PROJECT = Path(__file__).parent.parent


class TheComponent(unittest.TestCase):
    component: Component

    @classmethod
    def setUpClass(cls) -> None:
        cls.component = Component.build(PROJECT)

    def test_writes_the_note(self) -> None:
        with TemporaryDirectory(dir=PROJECT / "dist") as folder:
            artifact, output = Path(folder, "disk.img"), Path(folder, "RELEASE.md")
            artifact.write_text("abc")
            options = {"output": str(output), "title": "Image 2.0", "algorithms": ["sha256", "md5"]}
            self.component.run(options, artifact=[str(artifact)]).success()
            sha256, md5 = (hashlib.new(algorithm, b"abc").hexdigest() for algorithm in ("sha256", "md5"))
            self.assertRegex(
                output.read_text(),
                r"\A# Image 2.0\n\nMade by .*\n\n## disk.img\n\n- size: 3 bytes\n"
                rf"- sha256: {sha256}\n- md5: {md5}\n\Z",
            )

    def test_passes_the_check(self) -> None:
        self.component.check().success()
