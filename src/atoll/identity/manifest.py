"""The manifest of an application: its services, what they offer and what they need. What they need is what they may.

It is made of declarations, signed by the application's authority where it leaves the process in which it was made, and
grants: nothing else does.
"""

from collections.abc import Iterable

import msgspec

from atoll.contract import service_of
from atoll.identity.claims import MANIFEST
from atoll.identity.signing import Refused, read_statement

MANIFEST_CHARS_MAX = 16 * 1024 * 1024
"""A longer manifest is not read."""


class OfferedOperation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operation as it is offered. `callers` None: whoever depends on its contract may call it."""

    name: str
    public: bool = False
    callers: tuple[str, ...] | None = None


class Offered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contract that a service fulfils, or a door of the platform's own. `label` is the contract's class."""

    id: str
    major: int
    version: str
    label: str
    operations: tuple[OfferedOperation, ...]

    @property
    def service(self) -> str:
        """What it is called in `service.operation`; a door has a dot in its name."""
        return service_of(self.id, self.major)


class Needed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a service declares that it calls, and where it does: all operations where none is named."""

    id: str
    major: int
    why: str
    operations: tuple[str, ...] = ()


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service. `needs` is None where its declarations are not known to whoever has made the manifest."""

    name: str
    offers: tuple[Offered, ...] = ()
    needs: tuple[Needed, ...] | None = ()
    is_edge: bool = False
    is_elsewhere: bool = False


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The services of an application."""

    application: str
    version: str
    members: tuple[Member, ...]


def merged(first: Member, others: Iterable[Member]) -> Member:
    """A service as several of its instances declare it, of which some may run older code: all may do what one may.

    What is offered is what the first one says.
    """
    needs: list[Needed] = []
    for member in (first, *others):
        if member.needs is None:
            return msgspec.structs.replace(first, needs=None)
        needs += [need for need in member.needs if need not in needs]
    return msgspec.structs.replace(first, needs=tuple(needs))


def read_manifest(text: str, application: str, keys: "dict[str, bytes]") -> Manifest:
    """A manifest that the authority of an application has signed. `keys` are the public ones that are trusted, by id.

    Raises:
        Refused: it has not, or the manifest is another application's.
    """
    said = read_statement(text, MANIFEST, MANIFEST_CHARS_MAX)
    public = keys.get(said.key_id)
    if public is None:
        raise Refused("the manifest is signed by a key that is not trusted here")
    manifest = said.claims(public, Manifest)
    if manifest.application != application:
        raise Refused(f"the manifest is that of `{manifest.application}`, and not of `{application}`")
    return manifest
