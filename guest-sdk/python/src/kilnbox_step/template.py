"""Renders this step's own options of the type `RuntimeTemplate`."""

from __future__ import annotations

from .contract import call, interface

_template = interface("template")


def render(at: str, **data: str) -> str:
    """Renders the option at the JSON pointer `at`, such as `/execute_command` or `/commands/2`.

    `data` are fields such as `Vars` and `Path`: data, never parsed as a template.
    """
    return str(call(_template.render, at, list(data.items())))
