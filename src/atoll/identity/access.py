"""Who may call what: the manifest, compiled to one look into a dictionary."""

from collections.abc import Mapping
from types import MappingProxyType

from atoll.identity.manifest import Manifest, Member, Needed, Offered, OfferedOperation
from atoll.identity.names import OPERATOR

Asked = tuple[str, str, int, str]
"""A caller, and the id, the major version and the operation of what it calls."""


class Access:
    """The permissions of one application. Immutable.

    `granted` has a reason for each call that may be made; `refusal` has one for each that may not. `is_whole` says that
    nobody can call who is not in the manifest.
    """

    def __init__(self, manifest: Manifest, *, is_whole: bool) -> None:
        self.manifest = manifest
        self._members = {member.name: member for member in manifest.members}
        self._offered = {(each.id, each.major): each for member in manifest.members for each in member.offers}
        self._operations = {
            (each.id, each.major, operation.name): operation
            for each in self._offered.values()
            for operation in each.operations
        }
        self._is_whole = is_whole
        self.granted: Mapping[Asked, str] = MappingProxyType(self._compiled())

    def is_edge(self, service: str) -> bool:
        """Whether a service is an edge: it lets the outside in, and says who the users are."""
        return (member := self._members.get(service)) is not None and member.is_edge

    def refusal(self, caller: str, service: str, major: int, operation: str) -> str | None:
        """Why the call may not be made, and what to write so that it may; None where it may."""
        asked = (caller, service, major, operation)
        if asked in self.granted or caller == OPERATOR:
            return None
        member, offered = self._members.get(caller), self._offered.get((service, major))
        wanted = self._operations.get((service, major, operation))
        if member is None and self._is_whole:
            return f"no service of {self.manifest.application} is called `{caller}`"
        if member is None or member.needs is None:
            return _of_unknown(caller, wanted)
        if offered is None or wanted is None:
            return f"nobody in {self.manifest.application} offers it"
        if wanted.callers is not None and caller not in wanted.callers:
            return _narrowed(caller, wanted)
        return _undeclared(member, offered, wanted)

    def _compiled(self) -> dict[Asked, str]:
        granted: dict[Asked, str] = {}
        for member in self.manifest.members:
            if member.is_edge:
                for offered in self._offered.values():
                    for operation in offered.operations:
                        if operation.public:
                            granted[member.name, offered.id, offered.major, operation.name] = "public, by an edge"
            for need in member.needs or ():
                granted |= self._by_need(member, need)
        return granted

    def _by_need(self, member: Member, need: Needed) -> dict[Asked, str]:
        offered = self._offered.get((need.id, need.major))
        if offered is None:
            return {}
        return {
            (member.name, offered.id, offered.major, operation.name): need.why
            for operation in offered.operations
            if (not need.operations or operation.name in need.operations)
            and (operation.callers is None or member.name in operation.callers)
        }


def _of_unknown(caller: str, wanted: OfferedOperation | None) -> str | None:
    """Of a caller whose declarations are not known here: what does not narrow its callers is left to it."""
    if wanted is not None and wanted.callers is not None and caller not in wanted.callers:
        return _narrowed(caller, wanted)
    return None


def _narrowed(caller: str, wanted: OfferedOperation) -> str:
    assert wanted.callers is not None
    known = ", ".join(wanted.callers) or "nobody but the edges"
    return (
        f"it narrows its callers to {known}; if {caller} should be one, write "
        f'`callers=({"".join(f"{chr(34)}{each}{chr(34)}, " for each in wanted.callers)}"{caller}")` in its contract'
    )


def _undeclared(member: Member, offered: Offered, wanted: OfferedOperation) -> str:
    """What is missing, as the line to write."""
    if "." in offered.id:  # a door of the platform's own: what goes through it is declared otherwise
        return f"it subscribes to nothing of that: react to an event, `@on(...)`, in {member.name}"
    if member.is_edge and not wanted.public:
        return "it is not public: write `public=True` in its contract, if strangers should reach it"
    if member.is_elsewhere:
        return "it is an API that others run, which calls nobody here"
    line = f"{offered.id}: {offered.label}"
    return f"it does not declare that: write `{line}` in the class of {member.name}"
