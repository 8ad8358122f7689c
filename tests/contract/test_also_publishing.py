"""Contracts out of documents of others, with events that these do not tell of."""

from typing import Any, Protocol

import pytest

from atoll import Event, asyncapi, contract, contract_of, get, openapi
from atoll.contract import Contract, also_publishing, contract_from_document
from tests.contract.judges import official_errors

DOCUMENT = {
    "openapi": "3.1.0",
    "components": {"schemas": {"Rated": {"type": "object", "properties": {"a": {"type": "integer"}}}}},
    "paths": {
        "/rates": {
            "get": {
                "operationId": "rates",
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Rated"}}}}
                },
            }
        }
    },
}


class Rated(Event, key="order_id"):
    """An order was rated."""

    order_id: str
    cents: int


class Wrong(Event, key="nothing"):
    """It has no such key."""

    text: str


def tax() -> Contract:
    """A contract read from a document of somebody's."""
    found, mistakes = contract_from_document(DOCUMENT, id="tax")
    assert found is not None, mistakes
    return found


def test_events_are_said_beside_a_document() -> None:
    """The contract publishes them, as if the document had told of them."""
    found, mistakes = also_publishing(tax(), (Rated,))

    assert not mistakes
    assert found is not None
    assert (found.publishes, found.event_type(Rated)) == ((Rated,), "tax.rated.v1")


def test_both_documents_tell_of_them_and_names_do_not_clash() -> None:
    """A schema of the document may be called like the event."""
    found, _ = also_publishing(tax(), (Rated,))
    assert found is not None

    api: Any = openapi([found], title="tax", version="1")  # Any: JSON
    messages: Any = asyncapi([found], application="shop", title="tax", version="1")  # Any: JSON

    (told,) = api["x-events"]
    assert (told["service"], told["type"], told["key"]) == ("tax", "tax.rated.v1", "order_id")
    name = told["schema"]["$ref"].rpartition("/")[2]
    assert set(api["components"]["schemas"][name]["properties"]) == {"order_id", "cents"}
    assert set(api["components"]["schemas"]["Rated"]["properties"]) == {"a"}
    assert messages["components"]["messages"]["tax.rated.v1"]["x-key"] == "order_id"
    assert not official_errors(messages)


def test_the_exported_document_comes_back_with_them() -> None:
    """As classes made on the spot."""
    found, _ = also_publishing(tax(), (Rated,))
    assert found is not None

    again, mistakes = contract_from_document(openapi([found], title="tax", version="1"))

    assert not mistakes
    assert again is not None
    assert [again.event_type(each) for each in again.publishes] == ["tax.rated.v1"]


@contract(version="1.0")
class Rates(Protocol):
    """Is a class."""

    @get("/rates")
    async def rates(self) -> int: ...


@pytest.mark.parametrize(
    ("made", "event", "said"),
    [
        (tax, Wrong, "the event `Wrong` has no field `nothing` to be its key"),
        (tax, int, "tax publishes `int`, which is not an Event"),
        (lambda: contract_of(Rates), Rated, "rates/v1 is a class"),
    ],
)
def test_what_is_wrong_with_them_is_told(made: Any, event: Any, said: str) -> None:  # Any: what should be given, or not
    """As for a class."""
    found, mistakes = also_publishing(made(), (event,))

    assert found is None
    assert [mistake.what for mistake in mistakes] == [said]
