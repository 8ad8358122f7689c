"""Revenue's reference: every public operation and every event with what its docstring says, on one page.

Written by `python -m tests.docs.operations`; `tests/house/test_reference.py` fails when the page is stale.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from atoll import describe
from atoll.contract import Contract, Operation, Place, event_key
from revenue.application import revenue

PAGE = Path(__file__).parents[2] / "docs/reference/revenue.md"

HEAD = """\
# Reference of Revenue

Every operation that the gateway serves, and every event, from the contracts; the values in them are in the gateway's
`/openapi.json` and on its page `/reference/`. What is used most, with examples, is in [Revenue](../revenue.md#the-api).
Written by `python -m tests.docs.operations`; do not edit it.
"""

MODULE = re.compile(r"\b(?:\w+\.)+(?=\w)")


def operations_page() -> str:
    """The whole page."""
    contracts = [each.contract for each in describe(revenue).services if each.contract and each.contract.publishes]
    return "\n".join([HEAD, *(line for contract in contracts for line in _section(contract))])


def _section(contract: Contract) -> Iterator[str]:
    yield f"## {contract.id} {contract.version}\n\n{contract.description}\n"
    yield "| operation | what it does | takes | gives | problems |\n|---|---|---|---|---|"
    yield from (_row(contract, operation) for operation in contract.operations if operation.public)
    yield "\n| event | key | what has happened |\n|---|---|---|"
    for event in contract.publishes:
        yield f"| `{contract.event_type(event)}` | `{event_key(event)}` | {_said(event)} |"
    yield ""


def _row(contract: Contract, operation: Operation) -> str:
    beside = [each for each in operation.arguments if each.place is not Place.PATH]
    taken = [_written(each.kind) if each.place is Place.BODY else f"?{each.wire_name}" for each in beside]
    takes = ", ".join(f"`{each}`" for each in taken)
    given = inspect.signature(operation.function).return_annotation
    gives = "" if given in (None, "None") else f"`{_written(given)}`"
    problems = ", ".join(f"`{problem.code}` {problem.status}" for problem in operation.raises)
    path = f"`{operation.method} /{contract.name}{operation.path}`"
    return f"| {path} | {_said(operation.function)} | {takes} | {gives} | {problems} |"


def _said(of: object) -> str:
    return " ".join((inspect.getdoc(of) or "").split())


def _written(kind: object) -> str:
    """A type as annotations write it, without the modules."""
    name = kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)
    return MODULE.sub("", name).replace("|", "or")


if __name__ == "__main__":
    PAGE.write_text(operations_page(), encoding="utf-8")
