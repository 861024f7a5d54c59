"""What becomes of a dataclass of options."""

import unittest
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, Literal

from kilnbox_step import AssetFile, Duration, OutputPath, Schema, Secret, StepError
from kilnbox_step.reading import read
from kilnbox_step.schema import schema_of


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(kw_only=True)
class Part:
    """A part."""

    name: str
    count: Annotated[int, Schema(minimum=1)] = 1
    """How many."""


@dataclass(kw_only=True)
class Options:
    """Tries every kind of option.

    Two paragraphs, the second
    on two lines.
    """

    file: AssetFile
    """A file
    to read."""

    reports: list[OutputPath] = field(default_factory=list)
    token: Secret | None = None
    pause: Duration = timedelta(minutes=5)
    mode: Literal["a", "b"] = "a"
    colour: Colour = Colour.BLUE
    size: float = 1.5
    labels: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    anything: Any = None
    """Whatever."""


class TheSchema(unittest.TestCase):
    def test_of_every_kind_of_option(self) -> None:
        self.assertEqual(
            schema_of(Options),
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "Options",
                "description": "Tries every kind of option.\n\nTwo paragraphs, the second on two lines.",
                "type": "object",
                "additionalProperties": False,
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "asset-file", "description": "A file to read."},
                    "reports": {"type": "array", "items": {"type": "string", "format": "output-path"}, "default": []},
                    "token": {"type": ["string", "null"], "format": "secret"},
                    "pause": {"type": ["string", "integer"], "format": "duration", "default": "5m0s"},
                    "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
                    "colour": {"type": "string", "enum": ["red", "blue"], "default": "blue"},
                    "size": {"type": "number", "default": 1.5},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}, "default": {}},
                    "parts": {
                        "type": "array",
                        "default": [],
                        "items": {
                            "type": "object",
                            "description": "A part.",
                            "additionalProperties": False,
                            "required": ["name"],
                            "properties": {
                                "name": {"type": "string"},
                                "count": {"type": "integer", "minimum": 1, "default": 1, "description": "How many."},
                            },
                        },
                    },
                    "anything": {"description": "Whatever."},
                },
            },
        )

    def test_a_type_that_no_option_has_is_named(self) -> None:
        @dataclass
        class Wrong:
            when: complex

        with self.assertRaisesRegex(TypeError, "`Wrong.when` has the type"):
            schema_of(Wrong)

    def test_a_secret_has_no_default(self) -> None:
        @dataclass
        class Wrong:
            token: Secret = Secret("hunter2")

        with self.assertRaisesRegex(TypeError, "a secret has no default"):
            schema_of(Wrong)


class Reading(unittest.TestCase):
    def test_gives_the_types_of_the_fields(self) -> None:
        options = read(
            Options,
            """{ "file": "motd", "token": "hunter2", "pause": "1m30s", "mode": "b", "colour": "red", "size": 2,
                 "labels": { "a": "b" }, "parts": [{ "name": "bolt", "count": 3 }], "anything": [1] }""",
        )
        self.assertEqual(
            options,
            Options(
                file="motd",
                token=Secret("hunter2"),
                pause=timedelta(seconds=90),
                mode="b",
                colour=Colour.RED,
                size=2.0,
                labels={"a": "b"},
                parts=[Part(name="bolt", count=3)],
                anything=[1],
            ),
        )

    def test_leaves_the_defaults(self) -> None:
        self.assertEqual(read(Options, '{ "file": "motd", "token": null }'), Options(file="motd"))

    def test_says_where_a_value_does_not_fit(self) -> None:
        for text, message in (
            ('{ "file": 5 }', "`/file`: `5` does not fit"),
            ('{ "file": "a", "pause": "5 minutes" }', "`/pause`: `5 minutes` is no duration, such as `1m30s`"),
            ('{ "file": "a", "parts": [{ "count": 1 }] }', "`/parts/0/name`: must be set"),
            ('{ "file": "a", "colour": "green" }', "`/colour`: 'green' is not a valid Colour"),
            ('{ "file": "a", "size": true }', "`/size`: `true` does not fit"),
            ('{ "file": "a", "other": 1 }', "`/other`: no such option"),
            ("[]", "`/`: not an object"),
        ):
            with self.subTest(text), self.assertRaises(StepError) as raised:
                read(Options, text)
            self.assertEqual(str(raised.exception), message)

    def test_a_secret_is_not_shown(self) -> None:
        self.assertEqual(repr(Secret("hunter2")), "Secret(…)")
        self.assertEqual(f"{Secret('hunter2')}", "Secret(…)")
