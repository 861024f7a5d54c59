"""What the component exports, made of the author's step. Imported by the entry that `kilnbox-step build` writes.

`componentize-py` looks for one class per exported interface in the entry module, named like the interface.
"""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

from .artifacts import Artifact, Processed
from .contract import Err, call, types
from .errors import StepError
from .instance import Instance
from .job import Job
from .reading import read
from .step import Diagnostic, exported


def exports(module: str, version: str) -> dict[str, Any]:
    """The classes that `componentize-py` looks for, of the step that `module` exports."""
    # Of either kind: the world decides which of the classes below is looked for.
    step: Any = exported(module)()
    options = step.options_type()
    schema = json.dumps(step.schema(), ensure_ascii=False)

    class PluginExport:
        def describe(self) -> Any:
            kind = types.Kind[step.kind.upper().replace("-", "_")]
            return types.Info(step.name, version, kind, schema)

    class ValidatorExport:
        def validate(self, text: str) -> list[Any]:
            try:
                found = step.validate(read(options, text))
            except StepError as error:
                found = [Diagnostic.error("", str(error))]
            return [
                types.Diagnostic(types.Severity[one.severity.upper()], one.at, one.message, one.hint)
                for one in found
            ]

    class ProvisionerExport:
        def run(self, instance: Any, job: Any) -> None:
            try:
                step.run(read(options, job.options()), Instance(instance), Job(job))
            except Exception as error:
                raise _reported(error) from None

    class PostProcessorExport:
        def run(self, artifact: Any, job: Any) -> Any:
            try:
                processed = step.run(read(options, job.options()), Artifact(artifact), Job(job))
                return _processed(processed)
            except Exception as error:
                raise _reported(error) from None

    return {
        "Plugin": PluginExport,
        "Validator": ValidatorExport,
        "Provisioner": ProvisionerExport,
        "PostProcessor": PostProcessorExport,
    }


def _processed(processed: Processed) -> Any:
    if processed.builder_id is None:
        return types.Processed.unchanged()
    made = types.Processed.artifact(processed.builder_id, processed.id, processed.description)
    for file in processed.files:
        call(made.add_file, file)
    if processed.keep_input is not None:
        made.keep_input(processed.keep_input)
    if processed.must_keep_input:
        made.must_keep_input(True)
    return made


def _reported(error: Exception) -> Any:
    """An error as the contract has it. One that is a mistake in the step says where it came from."""
    if not isinstance(error, StepError):
        kind, text = type(error).__name__, str(error)
        error = StepError(f"{kind}: {text}" if text else kind, context=[_place(error.__traceback__)])
    code = types.ErrorCode[error.code.value.upper().replace("-", "_")]
    return Err(types.Error(code, error.message, error.context))


def _place(traceback: TracebackType | None) -> str:
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    if not traceback:
        return "in the step"
    return f"line {traceback.tb_lineno} of {traceback.tb_frame.f_code.co_filename}"
