"""Errors of the platform itself: one root, and mistakes of configuration told all at once.

    AtollError                what Atoll raises, with a stable `code`
    ├── Mistakes              everything that is wrong with a contract, a service, an application or its settings
    └── Problem               an answer of an operation (room `contract`), with the platform's own below it

A `Mistake` is a fact about somebody's source or configuration; it is collected, never raised alone.
"""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar


class AtollError(Exception):
    """Root of all errors that Atoll raises.

    `code` is stable, never reused, and the same on the wire; `retryable` says whether the same request can succeed
    later without a change.
    """

    code: ClassVar[str] = "atoll_error"
    retryable: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """Where something stands: a file and its line (1 is the first; 0 when only the file is known)."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    @classmethod
    def of(cls, subject: Any) -> "Source":  # Any: whatever inspect can find in a source file
        """The place where a class or function is written; its module's name when it has no file (an interactive one).

        This reads and parses the file: ask when there is a mistake to tell, not before.
        """
        target = inspect.unwrap(subject) if callable(subject) else subject
        try:
            lines, first = inspect.getsourcelines(target)
            file = inspect.getsourcefile(target)
        except (OSError, TypeError):
            return cls(getattr(subject, "__module__", None) or "<unknown>")
        return cls(file or "<unknown>", max(first, 1) + _decorator_lines(lines))


def _decorator_lines(lines: list[str]) -> int:
    """How many lines of decorators stand above the `def` or `class`, so that an editor jumps to the name itself."""
    for index, line in enumerate(lines):
        if line.lstrip().startswith(("def ", "async def ", "class ")):
            return index
        if not index and not line.lstrip().startswith("@"):
            break
    return 0


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: where it stands, what is wrong with what, and what to do now."""

    where: Source | None
    what: str
    fix: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}\n      -> {self.fix}"


class Mistakes(AtollError):
    """Everything that is wrong, at once, so that it can be mended at once.

    >>> print(Mistakes([Mistake(Source("app.toml", 3), "`port` is text", "write a number")]))
    1 mistake:
      1. app.toml:3: `port` is text
          -> write a number
    """

    code = "mistakes"

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(self.mistakes)

    def __str__(self) -> str:
        count = len(self.mistakes)
        lines = [f"{count} mistake{'' if count == 1 else 's'}:"]
        lines += [f"  {number}. {mistake}" for number, mistake in enumerate(self.mistakes, start=1)]
        return "\n".join(lines)


def refuse(mistakes: Iterable[Mistake]) -> None:
    """Raise `Mistakes` when there is at least one.

    Raises:
        Mistakes: holding all of them.
    """
    found = tuple(mistakes)
    if found:
        raise Mistakes(found)
