"""The step's logic, without a component."""

import unittest

from kilnbox_step import Diagnostic

from step import Options, Step, line


class Logic(unittest.TestCase):
    def test_a_line_is_as_sha256sum_writes_it(self) -> None:
        options = Options(output="SHA256SUMS", prefix="./")
        self.assertEqual(line(options, "ab12", "disk.raw"), "ab12  ./disk.raw\n")
        self.assertEqual(Step().validate(options), [])

    def test_a_line_break_would_break_the_list(self) -> None:
        options = Options(output="SHA256SUMS", prefix="\n")
        self.assertEqual(Step().validate(options), [Diagnostic.error("/prefix", "has a line break in it")])
