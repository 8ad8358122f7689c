"""The contract that an application names for a service: a class by its place, or a document by its path."""

import sys
from pathlib import Path

import msgspec

from atoll.adapters.system import SystemDisk
from atoll.contract import Contract, compile_contract, contract_from_document
from atoll.kernel import Mistake, Source
from atoll.topology.importing import imported


def named_contract(
    named: str, *, name: str | None = None, public: bool = False
) -> tuple[Contract | None, list[Mistake]]:
    """The contract at a place (`package.module:Class`) or in a document (`*.json`), or None and why there is none.

    `name` is what the service is called, which a document need not say; with `public`, all that a document describes
    is reachable from outside.
    """
    if not named.endswith(".json"):
        protocol, mistakes = imported(named, "Contract")
        return (None, mistakes) if mistakes else compile_contract(protocol)
    found = _found(named)
    if found is None:
        fix = "write the path from a folder of the import path, such as the one in which the application is started"
        return None, [Mistake(None, f"there is no document {named}", fix)]
    path, content = found
    try:
        document = msgspec.json.decode(content)
    except (ValueError, RecursionError) as error:
        return None, [Mistake(Source(path), f"it is not JSON: {error}", "give an OpenAPI document as JSON")]
    return contract_from_document(document, id=name, public=public, where=Source(path))


def _found(named: str) -> tuple[str, bytes] | None:
    """The path and the content of a document: looked for along the import path, as modules are."""
    for folder in ("",) if Path(named).is_absolute() else sys.path:
        path = Path(folder or ".") / named
        content = SystemDisk(path.parent).read(path.name)
        if content is not None:
            return str(path), content
    return None
