"""The step's logic, without a component."""

import unittest

from kilnbox_step import Diagnostic

from step import Options, Step, content


class Logic(unittest.TestCase):
    def test_the_file_ends_with_a_line_break(self) -> None:
        options = Options(text="Welcome.")
        self.assertEqual(content(options), "Welcome.\n")
        self.assertEqual(Step().validate(options), [])

    def test_an_empty_message_is_an_error(self) -> None:
        self.assertEqual(Step().validate(Options(text=" ")), [Diagnostic.error("/text", "says nothing")])
