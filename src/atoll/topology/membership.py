"""Who belongs to a run: each process that the supervisor starts has a ticket, joins with it, and is vouched for.

It is a contract like any other, beside the supervisor's own, on a socket that nobody but its owner can reach. A process
makes its own key and shows the public half alone. What it declares about its services goes into the manifest before it
starts them: so the manifest is that of the code which runs, also while old and new code run side by side.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from atoll.calls import Proving
from atoll.contract import Problem, Value, contract, post
from atoll.identity import (
    OPERATOR,
    Authority,
    Credentials,
    Manifest,
    Member,
    PublicKey,
    Refused,
    Verifier,
    encode_bundle,
    merged,
    own_credentials,
)
from atoll.kernel import Clock, Entropy

BUNDLE = "bundle.json"
"""The file in the folder of the run that says whom to trust, and what is granted."""

TICKET, JOIN_AT = "ATOLL_TICKET", "ATOLL_JOIN"
"""The environment variables that hold a process's ticket, and where it joins with it."""

TOKENS = "ATOLL_TOKENS"
"""The environment variable of a command that names a folder: in it lies a token for each service, under its name."""


class Vouched(Value):
    """What the authority says of the services of a process: an identity for each, by name, which it can hand on."""

    identities: dict[str, str]


class NotAdmitted(Problem, status=403, code="not_admitted", detail="{reason}"):
    """Who wants to join was not started by the supervisor, or for other services."""

    reason: str


@contract(version="1.0", id="atoll_authority")
class Vouching(Protocol):
    """Takes processes into a run, and vouches for their services."""

    @post("/joins", raises=(NotAdmitted,), timeout_s=5)
    async def join(self, ticket: str, declared: str, keys: dict[str, str]) -> Vouched:
        """Belong to the run with what the services declare (members of a manifest, as JSON), and their public keys."""
        ...


class Membership:
    """Knows who belongs to a run. Owns the manifest, and the file that tells it to all processes."""

    def __init__(
        self, authority: Authority, manifest: Manifest, clock: Clock, entropy: Entropy, tell: Callable[[bytes], object]
    ) -> None:
        self._authority = authority
        self._manifest = manifest
        self._clock = clock
        self._entropy = entropy
        self._tell = tell
        self._tickets: dict[str, tuple[str, frozenset[str]]] = {}
        self._declared: dict[str, dict[str, Member]] = {}
        self._told = b""
        self.operator = Proving(
            {OPERATOR: self.credentials(OPERATOR)}, Verifier(authority.trusted, clock), lambda _: False
        )
        """What proves that it is the operator who calls: the supervisor, in the name of whoever has started it."""

    @property
    def manifest(self) -> Manifest:
        """What is granted now: what running code declares, the youngest first, else what the application's code did."""
        members = {member.name: member for member in self._manifest.members}
        for service, by_process in self._declared.items():
            first, *others = reversed(by_process.values())
            members[service] = merged(first, others)
        return msgspec.structs.replace(self._manifest, members=tuple(members.values()))

    def publish(self) -> None:
        """Tell all processes whom to trust and what is granted, where that has changed.

        Raises:
            OSError: the file cannot be written.
        """
        manifest = self.manifest
        said = msgspec.json.encode((self._authority.signing.id, manifest))
        if said != self._told:
            self._tell(encode_bundle(self._authority.trusted, self._authority.sign_manifest(manifest)))
            self._told = said

    def admit(self, process: str, services: Sequence[str]) -> str:
        """A ticket for a process that is about to be started, with which it may speak for these services."""
        ticket = self._entropy.token()
        self._tickets[ticket] = process, frozenset(service.partition(".")[0] for service in services)
        return ticket

    async def join(self, ticket: str, declared: str, keys: dict[str, str]) -> Vouched:
        """See `Vouching`; also how an identity is renewed, while the process lives.

        Raises:
            NotAdmitted: there is no such ticket, or not for that.
        """
        admitted = self._tickets.get(ticket)
        if admitted is None:
            raise NotAdmitted(reason="the ticket is of no process that runs here")
        process, services = admitted
        try:
            members = msgspec.json.decode(declared, type=tuple[Member, ...])
            public = {name: PublicKey(key).raw for name, key in keys.items()}
        except (ValueError, RecursionError, Refused):
            raise NotAdmitted(reason="what was declared cannot be read") from None
        if not services.issuperset((*keys, *(member.name for member in members))):
            raise NotAdmitted(reason=f"the ticket is for {', '.join(sorted(services))} alone")
        for member in members:
            self._declared.setdefault(member.name, {})[process] = self._confined(member)
        self.publish()
        return Vouched(identities={name: self._authority.vouch(name, key) for name, key in public.items()})

    def _confined(self, member: Member) -> Member:
        """What a service declares of itself. What it is to the others, the application says, and no process.

        Raises:
            NotAdmitted: it offers what another one does.
        """
        others = {
            (offered.id, offered.major): each.name
            for each in self._manifest.members
            for offered in each.offers
            if each.name != member.name
        }
        for offered in member.offers:
            if (other := others.get((offered.id, offered.major))) is not None:
                raise NotAdmitted(reason=f"{member.name} offers {offered.id}, which is what {other} does")
        listed = next((each for each in self._manifest.members if each.name == member.name), None)
        is_edge, is_elsewhere = (listed.is_edge, listed.is_elsewhere) if listed is not None else (False, False)
        return msgspec.structs.replace(member, is_edge=is_edge, is_elsewhere=is_elsewhere)

    def leave(self, process: str) -> None:
        """Vouch for a process no longer: it has ended. What the last one of a service has declared goes on to hold."""
        self._tickets = {ticket: known for ticket, known in self._tickets.items() if known[0] != process}
        for by_process in self._declared.values():
            if len(by_process) > 1:
                by_process.pop(process, None)

    def rotate(self) -> str:
        """Sign with a new key from now on; its id."""
        made = self._authority.rotate()
        self.publish()
        return made

    def credentials(self, service: str) -> Credentials:
        """Those of who is not Atoll's own, or of the operator: made here, and not handed out."""
        return own_credentials(self._authority, service, self._clock, self._entropy)
