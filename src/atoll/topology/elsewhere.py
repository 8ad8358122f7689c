"""Services that were not written with Atoll, as units: their contract, and what stands for them where they run."""

from collections.abc import Iterator

from atoll.contract import Contract
from atoll.kernel import Mistake
from atoll.service import Command, Declaration, Elsewhere, Mounted, Service, outlined
from atoll.topology.contracts import named_contract
from atoll.topology.importing import parsed
from atoll.topology.mounting import Mount


def elsewhere_contract(item: Elsewhere) -> tuple[Contract | None, list[Mistake]]:
    """The contract of such a service, or None and everything that is wrong with what the application says of it."""
    contract, mistakes = named_contract(item.contract, name=item.name, public=item.public)
    mistakes = [*mistakes, *_mistakes(item)]
    if contract is not None and contract.service != item.name:
        what = f"`{item.name}` fulfils {contract.name}, after which it would be called `{contract.service}`"
        mistakes.append(Mistake(None, what, f'call it "{contract.service}", or give it another contract'))
    return (None if mistakes else contract), mistakes


def elsewhere_declaration(item: Elsewhere, contract: Contract, owner: str) -> Declaration:
    """What is known of it, as of any service."""
    made = Mount if isinstance(item, Mounted) else Service
    return outlined(item.name, contract, item.owner or owner, item.description, made)


def _mistakes(item: Elsewhere) -> Iterator[Mistake]:
    if isinstance(item, Mounted):
        _, _, mistakes = parsed(item.app, "app")
        yield from mistakes
    if isinstance(item, Command) and not item.command:
        yield Mistake(None, f"`{item.name}` has an empty command", 'write ("node", "tax/server.js")')
