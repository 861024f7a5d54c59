"""Why a step did not succeed.

Every call of the contract that fails raises a [`StepError`][] with the contract's code. A step raises one of its own to
end with a message; the text reaches the person who watches as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum


class ErrorCode(Enum):
    """What kind of error it is, for the host to tell apart."""

    DENIED = "denied"
    """Not granted, or not among what the user named."""
    INVALID = "invalid"
    """The options or the arguments make no sense."""
    NOT_FOUND = "not-found"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    """The run was cancelled: return soon, the component is dropped after a second."""
    LIMIT = "limit"
    """A limit of the sandbox."""
    CONNECTION = "connection"
    """The connection to the instance is gone."""
    REMOTE = "remote"
    """The instance refused."""
    OTHER = "other"


class StepError(Exception):
    """Ends a step: a code for the host, a message and the context for a person.

    `message` is a lowercase fragment without a full stop. `context` says what was being done, innermost first.
    """

    def __init__(
        self, message: str, code: ErrorCode = ErrorCode.OTHER, context: Sequence[str] = ()
    ) -> None:
        super().__init__(message, code)
        self.message = message
        self.code = code
        self.context = list(context)

    def __str__(self) -> str:
        """Outermost first: `uploading the script: connection reset`."""
        return ": ".join([*reversed(self.context), self.message])


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Says what was being done when an error came.

    >>> with doing("writing the report"):
    ...     raise StepError("no space left")
    Traceback (most recent call last):
    kilnbox_step.errors.StepError: writing the report: no space left
    """
    try:
        yield
    except StepError as error:
        error.context.append(what)
        raise
