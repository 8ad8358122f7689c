"""How a process comes to its identity: from the authority of its application, or from the supervisor that started it.

Whatever the way, the process then proves who its services are, checks who calls them, and knows what is granted.
"""

import asyncio
import logging
from collections.abc import Generator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from atoll.adapters.http_client import HttpClient
from atoll.adapters.locks import locked
from atoll.adapters.run_folder import ChangingFile
from atoll.adapters.system import SystemDisk
from atoll.calls import Caller, Proving, client
from atoll.contract import Problem
from atoll.identity import (
    IDENTITY_S,
    OPERATOR,
    Access,
    Authority,
    AuthorityUnreadable,
    Credentials,
    Lasting,
    Manifest,
    Member,
    PublicKey,
    Refused,
    SigningKey,
    Trusted,
    Verifier,
    own_credentials,
    read_bundle,
    read_manifest,
)
from atoll.kernel import AtollError, Clock, Entropy, Mistake, Mistakes, Tasks
from atoll.service import Application
from atoll.topology.access import access_of, manifest_of
from atoll.topology.loading import Unit
from atoll.topology.membership import BUNDLE, JOIN_AT, TICKET, Vouching
from atoll.topology.peers import Directory, Peers

_log = logging.getLogger("atoll.access")

LOCK = "authority.lock"

WAIT_S = 10.0

RENEW_S = 30.0
"""How often a process looks whether it is time to be vouched for again. A machine that has slept is late by this."""


class NotJoined(AtollError):
    """The supervisor does not vouch for a process, or could not be asked: another one may have more luck."""

    code = "not_joined"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the supervisor does not vouch for this process: {self.reason}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A process that wants to belong to an application: what it hosts are the units with a declaration."""

    application: Application
    units: Sequence[Unit]
    clock: Clock
    entropy: Entropy

    def members(self, manifest: Manifest) -> dict[str, Member]:
        """Those of its services, by name."""
        hosted = {unit.name for unit in self.units if unit.declaration is not None}
        return {member.name: member for member in manifest.members if member.name in hosted}


class Joining(Protocol):
    """The way of one process into its application."""

    async def join(self, candidate: Candidate) -> Proving:
        """Belong to the application: what proves it, and checks who calls.

        Raises:
            Mistakes: the authority's keys cannot be read or made.
            NotJoined: the supervisor does not vouch for it.
        """
        ...

    def look(self) -> Access:
        """What is granted now: asked before somebody is refused, and when there is news."""
        ...

    async def close(self) -> None:
        """Need no identity any more."""
        ...


@contextmanager
def opened_authority(application: str, folder: Path, clock: Clock, entropy: Entropy) -> Generator[Authority]:
    """The authority of an application, which nobody else opens or changes until the block is left.

    Raises:
        TimeoutError: somebody else has had it for ten seconds.
        AuthorityUnreadable: its file holds no keys.
    """
    with locked(folder / LOCK, WAIT_S):
        authority = Authority(application, SystemDisk(folder), clock, entropy)
        authority.load()
        yield authority


@dataclass(frozen=True, slots=True)
class Operator:
    """Whoever runs an application: he can read the keys of its authority, which lie in its state folder."""

    application: str
    state: Path

    def proving(self, clock: Clock, entropy: Entropy) -> Proving:
        """What proves that it is he who calls. The keys are made where there are none yet.

        Raises:
            OSError: the keys cannot be read or made.
            AuthorityUnreadable: their file holds none.
        """
        with opened_authority(self.application, self.state, clock, entropy) as authority:
            credentials = {OPERATOR: own_credentials(authority, OPERATOR, clock, entropy)}
            return Proving(credentials, Verifier(authority.trusted, clock), lambda _: False)


class ByAuthority:
    """A process that can read the keys of the authority, and vouches for itself: one that a person has started.

    What others declare is not known to it: what does not narrow its callers is left to those who prove who they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._access: Access | None = None

    async def join(self, candidate: Candidate) -> Proving:
        """Vouch for what is hosted here, and for the operator."""
        name, clock, entropy = candidate.application.name, candidate.clock, candidate.entropy
        try:
            with opened_authority(name, self._folder, clock, entropy) as authority:
                pass
        except (OSError, AuthorityUnreadable) as error:  # a TimeoutError is an OSError
            fix = "name a folder that this process can read and write, with --authority"
            what = f"the authority in {self._folder} cannot vouch: {error}"
            raise Mistakes([Mistake(None, what, fix)]) from None
        access = self._access = access_of(candidate.application, candidate.units, is_alone=False)
        names = (*candidate.members(access.manifest), OPERATOR)
        credentials = {name: own_credentials(authority, name, clock, entropy) for name in names}
        return Proving(credentials, Verifier(authority.trusted, clock, authority.look), access.is_edge)

    def look(self) -> Access:
        """As it was."""
        assert self._access is not None, "it has not joined"
        return self._access

    async def close(self) -> None:
        """Nothing is held."""


class BySupervisor:
    """A process that a supervisor has started, and admitted by a ticket. Owns its keys, and renews its identity."""

    def __init__(self, ticket: str, address: str, *, renew_s: float = RENEW_S) -> None:
        self._ticket = ticket
        self._address = address
        self._renew_s = renew_s
        self._bundle = ChangingFile(Path(address.removeprefix("unix:")).with_name(BUNDLE))
        self._tasks = Tasks("identity")
        self._renewing: asyncio.Task[None] | None = None
        self._identities: Mapping[str, Lasting] = {}
        self._vouched_at = 0.0
        self._trusted = Trusted("", {})
        self._access: Access | None = None

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> "BySupervisor | None":
        """As the environment says, and says no longer then; None where no supervisor has started this process."""
        ticket, address = environment.pop(TICKET, ""), environment.pop(JOIN_AT, "")
        return cls(ticket, address) if ticket and address else None

    async def join(self, candidate: Candidate) -> Proving:
        """Declare what is hosted here, and be vouched for."""
        name, clock = candidate.application.name, candidate.clock
        self.trust(name)
        members = candidate.members(manifest_of(candidate.application, candidate.units))
        keys = {member: SigningKey.of(candidate.entropy.token()) for member in members}
        try:
            await self._vouched(candidate, members, keys)
            self.look()
        except (Problem, Refused) as error:
            raise NotJoined(str(error)) from None
        credentials = {member: self._credentials(name, member, key, clock) for member, key in keys.items()}
        self._renewing = self._tasks.spawn(self._renew(candidate, members, keys), "renew")
        return Proving(credentials, Verifier(self._trusted, clock, self.look), self._is_edge)

    def trust(self, application: str) -> None:
        """Believe the authority of this application, from what its supervisor says."""
        self._trusted = Trusted(application, {})

    def look(self) -> Access:
        """Read what the supervisor says, where that has changed. What cannot be believed changes nothing.

        Raises:
            Refused: it could not be believed at all so far.
        """
        try:
            if (content := self._bundle.changed()) is not None:
                keys, manifest = read_bundle(content)
                access = Access(read_manifest(manifest, self._trusted.application, keys), is_whole=True)
                self._trusted.put(keys)
                self._access = access
        except (OSError, Refused) as error:
            if self._access is None:
                raise Refused(f"what is granted cannot be read: {error}") from None
            _log.warning("what is granted is kept as it was: %s", error)
        assert self._access is not None
        return self._access

    async def close(self) -> None:
        """Renew it no longer."""
        await self._tasks.close()

    def _is_edge(self, service: str) -> bool:
        return self._access is not None and self._access.is_edge(service)

    def _credentials(self, application: str, service: str, key: SigningKey, clock: Clock) -> Credentials:
        return Credentials(application, service, key, clock, lambda _: self._identities[service])

    async def _vouched(
        self, candidate: Candidate, members: Mapping[str, Member], keys: Mapping[str, SigningKey]
    ) -> None:
        """Be vouched for, from now on and for the life of an identity."""
        declared = msgspec.json.encode(tuple(members.values())).decode()
        public = {name: PublicKey.of(key.public).x for name, key in keys.items()}
        carrier = HttpClient(Directory(Peers({"atoll_authority": (self._address,)})), candidate.entropy)
        begun_at = candidate.clock.now().timestamp()
        try:
            vouching = client(Vouching, Caller(OPERATOR, carrier, candidate.entropy))
            vouched = await vouching.join(self._ticket, declared, public)
        finally:
            await carrier.close()
        self._identities = {
            name: Lasting(text, begun_at, begun_at + IDENTITY_S) for name, text in vouched.identities.items()
        }
        self._vouched_at = begun_at

    async def _renew(self, candidate: Candidate, members: Mapping[str, Member], keys: Mapping[str, SigningKey]) -> None:
        """Be vouched for again when half of the identity's life is over, or the clock was set back; until it is so."""
        while True:
            await asyncio.sleep(self._renew_s)
            if 0 <= candidate.clock.now().timestamp() - self._vouched_at < IDENTITY_S / 2:
                continue
            try:
                await self._vouched(candidate, members, keys)
            except Problem as problem:
                _log.warning("the supervisor does not vouch for this process again, which is asked later: %s", problem)
