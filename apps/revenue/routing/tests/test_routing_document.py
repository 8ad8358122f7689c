"""Routing's contract as a document, for services in other repositories and other languages."""

import json

from openapi_spec_validator import validate

from atoll import contract_of, openapi
from atoll.contract import contract_from_document
from revenue.routing.contract import Routing


def test_the_contract_comes_back_from_its_document() -> None:
    """Valid OpenAPI 3.1; exported, read and exported again, it says the same."""
    contract = contract_of(Routing)
    document = json.loads(json.dumps(openapi([contract], title="Revenue", version="1.0")))
    validate(document)

    read, mistakes = contract_from_document(document)

    assert not mistakes
    assert read is not None
    assert json.loads(json.dumps(openapi([read], title="Revenue", version="1.0"))) == document
    assert {each.name for each in read.operations} == {each.name for each in contract.operations}
