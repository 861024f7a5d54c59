"""Durations are read and written as Go does."""

import unittest
from datetime import timedelta

from kilnbox_step import durations


class Durations(unittest.TestCase):
    def test_are_read_and_written(self) -> None:
        for written, microseconds, shown in (
            ("5m", 300_000_000, "5m0s"),
            ("1h30m", 5_400_000_000, "1h30m0s"),
            ("1.5s", 1_500_000, "1.5s"),
            ("500ms", 500_000, "500ms"),
            ("250us", 250, "250µs"),
            ("1.25ms", 1250, "1.25ms"),
            ("2h0m0.25s", 7_200_250_000, "2h0m0.25s"),
            ("0", 0, "0s"),
            (2_000_000_000, 2_000_000, "2s"),
        ):
            with self.subTest(written):
                duration = durations.parse(written)
                self.assertEqual(duration, timedelta(microseconds=microseconds))
                self.assertEqual(durations.text(duration), shown)

    def test_what_go_does_not_read_is_refused(self) -> None:
        for written in ("", "5", "soon", "5 minutes", "5min", "1h 30m", "-1s", -1, "9" * 30 + "h"):
            with self.subTest(written), self.assertRaises(ValueError):
                durations.parse(written)

    def test_are_milliseconds_for_the_contract(self) -> None:
        self.assertEqual(durations.milliseconds(timedelta(seconds=1.5)), 1500)
