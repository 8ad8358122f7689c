"""`callers` in documents: shown inside, kept by whoever reads the document as a contract, told to no stranger."""

from typing import Any, Protocol

from atoll import contract, contract_of, get, openapi
from atoll.contract import Contract, contract_from_document


@contract(version="1.0")
class Vault(Protocol):
    """Keeps gold."""

    @get("/weight", public=True)
    async def weight(self) -> int:
        """For all."""
        ...

    @get("/gold", public=True, callers=("teller", "owner"))
    async def gold(self) -> str:
        """For two."""
        ...


def callers_in(document: dict[str, Any]) -> list[object]:  # Any: parts of a document
    return [document["paths"][f"/vault/v1/{name}"]["get"].get("x-callers") for name in ("weight", "gold")]


def exported(made: Contract, *, public_only: bool = False) -> dict[str, Any]:  # Any: as above
    return openapi([made], title="bank", version="1.0", public_only=public_only)


def test_a_document_says_whom_an_operation_narrows_to() -> None:
    """For those who may be one of them."""
    assert callers_in(exported(contract_of(Vault))) == [None, ["teller", "owner"]]


def test_strangers_are_not_told_how_services_are_called() -> None:
    """The gateway's document is for everybody, also of a contract that was read from one."""
    read, _ = contract_from_document(exported(contract_of(Vault)), public=True)
    assert read is not None

    for made in (contract_of(Vault), read):
        assert callers_in(exported(made, public_only=True)) == [None, None]


def test_a_contract_that_is_read_from_a_document_narrows_as_before() -> None:
    """A service that lives apart is known by its document alone."""
    read, mistakes = contract_from_document(exported(contract_of(Vault)))

    assert read is not None, mistakes
    assert [each.callers for each in read.operations] == [None, ("teller", "owner")]
    assert callers_in(exported(read)) == [None, ["teller", "owner"]]
