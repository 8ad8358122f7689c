"""What a verb writes where programs read it: values as JSON, and a refusal with the name of its problem."""

from typing import Any

import click
import msgspec


class ProblemAnswer(click.ClickException):
    """The application answered with a problem; `code` is the problem's stable name."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def to_json(value: Any) -> str:  # Any: values, and lists and dicts of them
    """A value as JSON for a pipe, in the names of the contract."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
