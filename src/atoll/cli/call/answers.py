"""Answers of operations, printed: results, pages, streams and problems."""

import sys
from collections.abc import Mapping
from typing import Any

import msgspec
from rich.markup import escape

from atoll.cli.refusals import SaidNo
from atoll.cli.terminal import is_terminal, print_json_bytes, screen

STANDARD = frozenset({"type", "title", "status", "detail", "instance", "code", "retryable", "trace_id", "errors"})
PROBLEM_LINE = b'{"$problem":'


class ProblemAnswer(SaidNo):
    """The application answered with a problem (RFC 9457)."""

    def __init__(self, body: Mapping[str, Any]) -> None:  # Any: JSON
        super().__init__(
            str(body.get("title") or "The application answered with a problem."), code=str(body.get("code", ""))
        )
        self.body = body

    def facts(self) -> dict[str, object]:
        """The problem as it came."""
        return dict(self.body)

    def lines(self) -> list[str]:
        """The title, the detail or each fault with its pointer, the problem's own fields, and the trace."""
        body = self.body
        detail = str(body.get("detail", ""))
        head = f"[bold red]✗[/] [bold]{escape(self.what)}[/] [dim]{escape(self.code)}, {body.get('status', '')}[/]"
        lines = [head]
        faults: list[Mapping[str, Any]] = body.get("errors") or []  # Any: JSON
        if faults:
            width = max(len(_place(fault)) for fault in faults)
            lines += [
                f"  [yellow]{escape(_place(fault).ljust(width))}[/]  {escape(str(fault.get('detail', '')))}"
                for fault in faults
            ]
        elif detail:
            lines.append(f"  {escape(detail)}")
        own = {name: value for name, value in body.items() if name not in STANDARD and str(value) not in detail}
        lines += [f"  [dim]{escape(name)}[/] {escape(_compact(value))}" for name, value in own.items()]
        if body.get("retryable"):
            lines.append("  [dim]The same call can succeed later.[/]")
        if body.get("trace_id"):
            lines.append(f"  [dim]trace {escape(str(body['trace_id']))}[/]")
        return lines


def problem_of(status: int, raw: bytes) -> ProblemAnswer:
    """The problem in an answer; what is no problem at all (a proxy's page) is told as it is."""
    try:
        body = msgspec.json.decode(raw, type=dict[str, Any])  # Any: JSON
    except ValueError:
        body = {}
    if "title" not in body:
        shown = raw[:300].decode(errors="replace").strip()
        body = {"title": f"The answer is {status}, and not one of an application.", "status": status, "detail": shown}
    return ProblemAnswer(body)


def problem_in(line: bytes) -> ProblemAnswer | None:
    """The problem with which a stream ended, if this is its line."""
    if not line.startswith(PROBLEM_LINE):
        return None
    return ProblemAnswer(msgspec.json.decode(line, type=dict[str, dict[str, Any]])["$problem"])  # Any: JSON


def print_result(raw: bytes, *, as_json: bool) -> None:
    """Print a result: as it came, or indented and coloured for people."""
    if as_json:
        print_json_bytes(raw)
    else:
        screen().print_json(raw.decode())


def print_item(raw: bytes, *, as_json: bool) -> None:
    """Print one item of a stream on one line, at once."""
    if as_json or not is_terminal():
        print_json_bytes(raw)
    else:
        screen().print_json(raw.decode(), indent=None)
        sys.stdout.flush()


def note(text: str) -> None:
    """Say something beside the result."""
    screen(sys.stderr).print(f"[dim]{escape(text)}[/]", soft_wrap=True)


def _place(fault: Mapping[str, Any]) -> str:  # Any: JSON
    return f"{fault.get('place', 'body')} {fault.get('pointer') or '(the whole)'}"


def _compact(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
