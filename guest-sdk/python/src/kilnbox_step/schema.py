"""The JSON Schema of a dataclass of options (draft 2020-12), with its docstrings as the descriptions.

The docstring of the class describes the whole; a string below a field describes that field. Fields without a default
are required, and nothing else than the fields may be written.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from . import durations
from .formats import Schema, Secret

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    timedelta: {"type": ["string", "integer"], "format": "duration"},
    Secret: {"type": "string", "format": "secret"},
    Any: {},
}


def schema_of(options: type) -> dict[str, Any]:
    """The schema of a dataclass, as `describe` gives it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": options.__name__,
        **_of_dataclass(options),
    }


def _of_dataclass(of: type) -> dict[str, Any]:
    if not is_dataclass(of):
        raise TypeError(f"`{of.__name__}` is no dataclass; put `@dataclass` above it")
    hints, docs = get_type_hints(of, include_extras=True), _docs(of)
    schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": {}}
    if of.__doc__ and not of.__doc__.startswith(f"{of.__name__}("):
        schema["description"] = _paragraphs(of.__doc__)
    for field in fields(of):
        property_ = _of(hints[field.name], f"{of.__name__}.{field.name}")
        if field.name in docs:
            property_["description"] = docs[field.name]
        if _is_required(field):
            schema.setdefault("required", []).append(field.name)
        elif (default := _default(field)) is not None:
            # None says nothing: the option may be left out.
            property_["default"] = _written(default)
        schema["properties"][field.name] = property_
    return schema


def _of(hint: Any, where: str) -> dict[str, Any]:
    """The schema of a type. `where` is for the error where there is none."""
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        schema = _of(arguments[0], where)
        for note in arguments[1:]:
            if isinstance(note, Schema):
                schema.update(note.keywords)
        return schema
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": _of(arguments[0], where)}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": _of(arguments[1], where)}
    if origin in (Union, UnionType):
        return _of_union(arguments, where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"type": "string", "enum": [member.value for member in hint]}
    if is_dataclass(hint) and isinstance(hint, type):
        return _of_dataclass(hint)
    raise TypeError(f"`{where}` has the type `{hint}`, which no option can have")


def _of_union(members: tuple[Any, ...], where: str) -> dict[str, Any]:
    schemas = [_of(member, where) for member in members if member is not NoneType]
    if NoneType not in members:
        return {"anyOf": schemas}
    if len(schemas) == 1 and isinstance(schemas[0].get("type"), (str, list)) and "enum" not in schemas[0]:
        kinds = schemas[0]["type"]
        return {**schemas[0], "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}
    return {"anyOf": [*schemas, {"type": "null"}]}


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _written(value: Any) -> Any:
    """A default as a user would write it in a template."""
    if isinstance(value, timedelta):
        return durations.text(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Secret):
        raise TypeError("a secret has no default, since the schema would show it")
    if isinstance(value, list):
        return [_written(item) for item in value]
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items()}
    if is_dataclass(value):
        return {field.name: _written(getattr(value, field.name)) for field in fields(value)}
    return value


def _docs(of: type) -> dict[str, str]:
    """The strings below the fields. They are read from the source, since Python keeps them nowhere else."""
    docs: dict[str, str] = {}
    for parent in reversed(of.__mro__):
        if not is_dataclass(parent):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(parent))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, below in zip(body.body, body.body[1:]):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    docs[name] = _paragraphs(text)
    return docs


def _paragraphs(doc: str) -> str:
    """A docstring as text for Markdown: lines of one paragraph are joined."""
    paragraphs = inspect.cleandoc(doc).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split("\n")) for paragraph in paragraphs)
