"""Revenue's contracts as documents: what a service in another repository is given instead of their classes."""

import json

import pytest

from atoll import Contract, contract_of, openapi
from atoll.contract import contract_from_document
from revenue.capture.contract import Capture
from revenue.enrichment.contract import Enrichment
from revenue.scoring.contract import Scoring

CONTRACTS = [contract_of(Capture), contract_of(Enrichment), contract_of(Scoring)]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda each: each.id)
def test_a_contract_comes_back_from_its_document(contract: Contract) -> None:
    """Exported, read and exported again, it says the same."""
    document = json.loads(json.dumps(openapi([contract], title="Revenue", version="1.0")))

    read, mistakes = contract_from_document(document)

    assert not mistakes
    assert read is not None
    assert json.loads(json.dumps(openapi([read], title="Revenue", version="1.0"))) == document
    assert {each.name for each in read.operations} == {each.name for each in contract.operations}
