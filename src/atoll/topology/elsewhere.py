"""Services that were not written with Atoll, as units: their contract, and what stands for them where they run."""

import dataclasses
from collections.abc import Iterator

from atoll.contract import Contract, also_publishing
from atoll.events import Reaction
from atoll.kernel import Mistake
from atoll.service import Command, Declaration, Elsewhere, Mounted, Service, outlined
from atoll.topology.contracts import named_contract
from atoll.topology.importing import parsed
from atoll.topology.mounting import Mount
from atoll.topology.standing_in import PORTS, StandIn, takes_events


def elsewhere_contract(item: Elsewhere) -> tuple[Contract | None, list[Mistake]]:
    """The contract of such a service, or None and everything that is wrong with what the application says of it."""
    contract, mistakes = named_contract(item.contract, name=item.name, public=item.public)
    mistakes = [*mistakes, *_mistakes(item)]
    if contract is not None and contract.service != item.name:
        what = f"`{item.name}` fulfils {contract.name}, after which it would be called `{contract.service}`"
        mistakes.append(Mistake(None, what, f'call it "{contract.service}", or give it another contract'))
    if contract is not None and not mistakes and item.publishes:
        contract, mistakes = also_publishing(contract, item.publishes)
    return (None if mistakes else contract), mistakes


def elsewhere_declaration(item: Elsewhere, contract: Contract, owner: str) -> Declaration:
    """What is known of it, as of any service: where it publishes, it has a database, too."""
    made = Mount if isinstance(item, Mounted) else StandIn if isinstance(item, Command) else Service
    declared = outlined(item.name, contract, item.owner or owner, item.description, made)
    ports = PORTS if contract.publishes and takes_events(item) else {}
    return dataclasses.replace(declared, ports=ports, reactions=_reactions(item))


def _reactions(item: Elsewhere) -> tuple[Reaction, ...]:
    """What it reacts to, as of any service; its handlers are called by where events go."""
    return tuple(
        Reaction(f"POST {each.to}", each.event, each.since, each.replayable, each.attempts_max, each.timeout_s)
        for each in item.subscribes
    )


def _mistakes(item: Elsewhere) -> Iterator[Mistake]:
    if item.publishes and not item.contract.endswith(".json"):
        what = f"`publishes` of `{item.name}` stands beside a contract that is a class"
        yield Mistake(None, what, "say it there: @contract(..., publishes=(...))")
    elif item.publishes and not takes_events(item):
        what = f"`{item.name}`, which others run, cannot post events here"
        yield Mistake(None, what, "let it call a public operation of a service that publishes them")
    if isinstance(item, Mounted):
        _, _, mistakes = parsed(item.app, "app")
        yield from mistakes
    if isinstance(item, Command) and not item.command:
        yield Mistake(None, f"`{item.name}` has an empty command", 'write ("node", "tax/server.js")')
