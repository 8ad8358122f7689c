"""`atoll contract export`: documents that official validators accept."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.cli.conftest import MARKET


@pytest.mark.parametrize("options", [(), ("--public",), ("--service", "goods"), ("--service", "rates")])
def test_what_is_exported_is_openapi(atoll: Callable[..., Result], options: tuple[str, ...]) -> None:
    """As the judge of the OpenAPI initiative reads it."""
    result = atoll("contract", "export", MARKET, *options)

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_the_public_document_holds_what_is_public(atoll: Callable[..., Result]) -> None:
    """And the key that it asks for."""
    whole = json.loads(atoll("contract", "export", MARKET).stdout)
    public = json.loads(atoll("contract", "export", MARKET, "--public").stdout)

    assert "/rates/v1/rates/{currency}" in whole["paths"]
    assert "/rates/v1/rates/{currency}" not in public["paths"]
    assert "security" in public


def test_one_service_is_titled_and_versioned_by_its_contract(atoll: Callable[..., Result]) -> None:
    """The application's version says nothing about it."""
    info = json.loads(atoll("contract", "export", MARKET, "--service", "goods").stdout)["info"]

    assert (info["title"], info["version"]) == ("goods", "1.2")


def test_a_document_is_written_to_a_file(folder: Path, atoll: Callable[..., Result]) -> None:
    """And its folder is made."""
    result = atoll("contract", "export", MARKET, "--service", "rates", "--out", "api/rates.json")

    assert result.stdout == "Wrote api/rates.json with 1 operations.\n"
    assert json.loads((folder / "api/rates.json").read_text(encoding="utf-8"))["info"]["title"] == "rates"


def test_a_service_that_is_not_there_is_guessed(atoll: Callable[..., Result]) -> None:
    """As everywhere."""
    result = atoll("contract", "export", MARKET, "--service", "god")

    assert result.exit_code == 2
    assert "Did you mean `goods`?" in result.stderr
