"""What a command says instead of its result: what happened, to what, and what to do now.

Standard error takes it: as text for people, as one JSON object when `--json` was asked for.
"""

import sys
from pathlib import Path
from typing import IO, Any, ClassVar

import click
import msgspec

from atoll import Mistake, Mistakes

_JSON = "atoll.json"


def speak_json(ctx: click.Context) -> None:
    """Say refusals of this command as JSON."""
    ctx.meta[_JSON] = True


class Refusal(click.ClickException):
    """A message for whoever typed the command; never a traceback."""

    def __init__(self, what: str, fix: str = "", *, code: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.code = code
        ctx = click.get_current_context(silent=True)
        self._is_json = bool(ctx and ctx.meta.get(_JSON))

    def show(self, file: IO[Any] | None = None) -> None:  # Any: click's own signature
        """Write it to standard error."""
        stream = file or sys.stderr
        if self._is_json:
            stream.write(msgspec.json.encode({"error": self.facts()}).decode() + "\n")
            stream.flush()
        else:
            from atoll.cli.terminal import screen  # noqa: PLC0415  # rich takes time, and most commands refuse nothing

            screen(stream).print(*self.lines(), sep="\n", soft_wrap=True)

    def facts(self) -> dict[str, object]:
        """The refusal as data."""
        return {"code": self.code, "what": self.what, "fix": self.fix}

    def lines(self) -> list[str]:
        """The refusal as lines with rich's markup."""
        from rich.markup import escape  # noqa: PLC0415  # as above

        lines = [f"[bold red]✗[/] {escape(self.what)}"]
        return [*lines, f"  [dim]→[/] {escape(self.fix)}"] if self.fix else lines


class SaidNo(Refusal):
    """The application answered with a problem, did not start, or does not answer."""

    exit_code: ClassVar[int] = 1


class Mistaken(Refusal):
    """The command, the application or its settings have to be changed first."""

    exit_code: ClassVar[int] = 2
    mistakes: tuple[Mistake, ...] = ()

    @classmethod
    def of(cls, mistakes: Mistakes) -> "Mistaken":
        """All mistakes of an application at once."""
        count = len(mistakes.mistakes)
        refusal = cls(f"{count} mistake{'' if count == 1 else 's'}", code=mistakes.code)
        refusal.mistakes = mistakes.mistakes
        return refusal

    def facts(self) -> dict[str, object]:
        """The refusal as data, with each mistake's place."""
        return super().facts() | {"mistakes": [mistake_facts(mistake) for mistake in self.mistakes]}

    def lines(self) -> list[str]:
        """The refusal as lines, each mistake with its place, what is wrong and what to do."""
        from rich.markup import escape  # noqa: PLC0415  # as above

        lines = super().lines()
        for number, mistake in enumerate(self.mistakes, start=1):
            lines.append("")
            where = _place(mistake)
            first, *rest = [f"[bold]{escape(where)}[/]", escape(mistake.what)] if where else [escape(mistake.what)]
            lines += [
                f"{number:>3}. {first}",
                *(f"     {line}" for line in rest),
                f"     [dim]→[/] {escape(mistake.fix)}",
            ]
        return lines


def mistake_facts(mistake: Mistake) -> dict[str, object]:
    """One mistake as data."""
    where = mistake.where
    return {
        "file": where.file if where else None,
        "line": where.line or None if where else None,
        "what": mistake.what,
        "fix": mistake.fix,
    }


def _place(mistake: Mistake) -> str:
    """Where it stands, from the current folder where it lies below: terminals make such a place a link."""
    if mistake.where is None:
        return ""
    path = Path(mistake.where.file)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return f"{path}:{mistake.where.line}" if mistake.where.line else str(path)
