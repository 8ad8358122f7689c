"""The page about the CRM says what every field is called there, and the contract comes back from its document."""

import json
from pathlib import Path

import pytest

from atoll import contract_of, openapi
from atoll.contract import contract_from_document
from revenue.crm.contract import Crm, CrmTarget, Hubspot, Salesforce

PAGE = Path(__file__).parents[4] / "docs/how-to/crm.md"


@pytest.mark.parametrize("target", [Salesforce(), Hubspot()], ids=["salesforce", "hubspot"])
def test_every_field_that_is_shipped_has_its_name_in_the_table(target: CrmTarget) -> None:
    """Else nobody would know what to make there."""
    said = PAGE.read_text(encoding="utf-8")

    names = [target.record_id, target.key, *target.table()]

    assert [name for name in names if f"`{name}`" not in said] == []


def test_the_contract_comes_back_from_its_document() -> None:
    """Exported, read and exported again, it says the same."""
    document = json.loads(json.dumps(openapi([contract_of(Crm)], title="Revenue", version="1.0")))

    read, mistakes = contract_from_document(document)

    assert not mistakes
    assert read is not None
    assert json.loads(json.dumps(openapi([read], title="Revenue", version="1.0"))) == document
