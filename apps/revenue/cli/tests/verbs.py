"""What the tests of verbs share: using one, and waiting until it answers what is to come."""

import json
import time
from collections.abc import Callable
from typing import Any

from click.testing import CliRunner, Result

from revenue.cli import main
from tests.patience import PATIENCE_S


def run(*words: str, given: str | None = None) -> Result:
    """What a verb answers."""
    return CliRunner().invoke(main, list(words), input=given)


def told(*words: str) -> Any:  # Any: JSON
    """What a verb answers in JSON; it is one that works."""
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def until(words: tuple[str, ...], is_so: Callable[[Any], bool]) -> Any:  # Any: JSON
    """The first answer of a verb for which something is so."""
    ends_at = time.monotonic() + PATIENCE_S
    while True:
        answer = told(*words)
        if is_so(answer):
            return answer
        assert time.monotonic() < ends_at, answer
        time.sleep(0.1)


def bought(story: Any) -> list[Any]:  # Any: JSON
    """The facts of a lead that were bought: some are found out after it was routed."""
    return [fact for fact in story["profile"]["facts"] if fact["provenance"]] if story["profile"] else []
