"""What the note says, without a component."""

import unittest

from kilnbox_step import Diagnostic

from release_note import Options, ReleaseNote, heading, section


class TheNote(unittest.TestCase):
    def test_is_headed_by_who_made_the_artifact(self) -> None:
        self.assertEqual(heading("Release", "packer.file", ""), "# Release\n\nMade by packer.file\n")
        self.assertEqual(heading("2.0", "packer.file", "File"), "# 2.0\n\nMade by packer.file: File\n")

    def test_lists_the_digests_of_a_file_in_the_order_asked_for(self) -> None:
        self.assertEqual(
            section("output/disk.img", 3, {"sha256": "ab", "md5": "cd"}),
            "## disk.img\n\n- size: 3 bytes\n- sha256: ab\n- md5: cd\n",
        )

    def test_needs_an_algorithm(self) -> None:
        self.assertEqual(ReleaseNote().validate(Options(output="a")), [])
        self.assertEqual(
            ReleaseNote().validate(Options(output="a", algorithms=[])),
            [Diagnostic.error("/algorithms", "at least one is needed")],
        )
