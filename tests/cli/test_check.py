"""`atoll check`: a good word, or everything that is wrong."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from tests.cli.conftest import MARKET


def test_an_application_in_order_gets_a_good_word_with_counts(atoll: Callable[..., Result]) -> None:
    """Numbers that are not what one expects are a finding, too."""
    result = atoll("check", MARKET)

    assert result.exit_code == 0
    assert result.stdout == (
        "✓ market is in order: 3 services, 2 contracts, 12 operations (10 public), 1 event, 1 declared call.\n"
    )


def test_the_counts_are_data_where_json_is_asked_for(atoll: Callable[..., Result]) -> None:
    """For a line in a build."""
    counts = json.loads(atoll("check", MARKET, "--json").stdout)

    assert counts["mistakes"] == []
    assert counts["operations"] == 12


def test_settings_are_read_where_that_is_asked_for(atoll: Callable[..., Result], tmp_path: Path) -> None:
    """As a start would read them; a mistake in them must not take down what runs."""
    config = tmp_path / "atoll.toml"
    config.write_text("[gateway]\nprt = 9\n", encoding="utf-8")

    without = atoll("check", MARKET, "--config", str(config))
    found = atoll("check", MARKET, "--settings", "--config", str(config))

    assert without.exit_code == 0
    assert found.exit_code == 2
    assert "did you mean `port`?" in found.stderr
