"""Peers: where the services of an application listen, and whom to trust. Given by a file or by the environment.

    {"services": {"scoring": ["unix:/run/scoring-1.sock", "https://10.0.0.7:7443"]},
     "roots": {"tax": ""},
     "tls": {"ca": "ca.pem", "certificate": "service.pem", "key": "service.key"}}

A supervisor, an operator of a cluster or a person writes it; whoever serves reads it again when it has changed.
`roots` are for services that are not Atoll's own: below which path their operations are. Where the log of a command is
kept, which publishes, stands under the name of its stand-in, `tax.events`.
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from atoll.calls import Door, is_root
from atoll.kernel import Mistake, Mistakes, Source
from atoll.topology.log_door import service_behind

VARIABLE = "ATOLL_PEERS"
"""The environment variable that names the file."""

_PEER = "ATOLL_PEER_"
_TLS = {"ca": "ATOLL_TLS_CA", "certificate": "ATOLL_TLS_CERTIFICATE", "key": "ATOLL_TLS_KEY"}


class Trust(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files in PEM: `ca` says whose certificates are trusted, the other two are one's own."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


class Peers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where services listen, by name; `roots` is for those that are not Atoll's own."""

    services: dict[str, tuple[str, ...]] = {}
    roots: dict[str, str] = {}
    tls: Trust | None = None


def peers_in(text: bytes, file: str) -> Peers:
    """What a file of peers says.

    Raises:
        Mistakes: it cannot be read, or holds what is no address.
    """
    try:
        peers = msgspec.json.decode(text, type=Peers)
    except (ValueError, RecursionError) as error:
        fix = 'write {"services": {"name": ["unix:/path", "http://host:port"]}}'
        raise Mistakes([Mistake(Source(file), f"the peers cannot be read: {error}", fix)]) from None
    return _checked(peers, Source(file))


def peers_of(environment: Mapping[str, str]) -> Peers:
    """What the environment says: `ATOLL_PEER_SCORING=https://one:7443,https://two:7443`, and `ATOLL_TLS_CA` and so on.

    Raises:
        Mistakes: it holds what is no address.
    """
    services = {
        name.removeprefix(_PEER).lower(): tuple(part.strip() for part in value.split(",") if part.strip())
        for name, value in environment.items()
        if name.startswith(_PEER)
    }
    given = {field: environment[variable] for field, variable in _TLS.items() if variable in environment}
    return _checked(Peers(services, {}, Trust(**given) if given else None), None)


def _checked(peers: Peers, where: Source | None) -> Peers:
    wrong = [
        Mistake(where, f"`{address}` of `{name}` is no address", "write unix:/path, http://host:port or https://host")
        for name, addresses in peers.services.items()
        for address in addresses
        if not is_address(address)
    ]
    wrong += [
        Mistake(where, f"`{root}` is no root of `{name}`", "write the beginning of its paths, as /api, or nothing")
        for name, root in peers.roots.items()
        if not is_root(root)
    ]
    if peers.tls is not None and (peers.tls.certificate is None) != (peers.tls.key is None):
        fix = "give both the certificate and its key, or neither"
        wrong.append(Mistake(where, "a certificate of one's own needs its key", fix))
    if wrong:
        raise Mistakes(wrong)
    return peers


def is_address(text: str) -> bool:
    """Whether a text says where somebody listens."""
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError:
        return False
    if not _is_whole(text):
        return False
    if split.scheme == "unix":
        return split.path.startswith("/") and not split.netloc
    is_only_a_place = split.path in ("", "/") and "@" not in split.netloc and " " not in text
    return split.scheme in ("http", "https") and bool(split.hostname) and port != 0 and is_only_a_place


def _is_whole(text: str) -> bool:
    """Whether nothing of it would be cut off, or would end the line in which it is sent."""
    return text.isprintable() and "?" not in text and "#" not in text


def split_address(url: str) -> tuple[str, str] | None:
    """The address and the path below which somebody is called; None where nobody could be.

    >>> split_address("https://geo.example.com/api/")
    ('https://geo.example.com', '/api')
    """
    try:
        split = urlsplit(url)
    except ValueError:
        return None
    address = url if split.scheme == "unix" else f"{split.scheme}://{split.netloc}"
    if not is_address(address) or split.query or split.fragment:
        return None
    path = "" if split.scheme == "unix" else split.path.rstrip("/")
    return (address, path) if is_root(path) else None


class Directory:
    """The peers as they are known now. Fulfils `Resolver`.

    `read` gives the file's content, or None where it has not changed since it was last asked; what cannot be read is
    passed over by it, so that a half-written file takes no service away.
    """

    def __init__(self, peers: Peers, read: Callable[[], Peers | None] = lambda: None) -> None:
        self._peers = peers
        self._read = read
        self._version = 0
        self._remotes: dict[str, tuple[str, Door]] = {}

    @property
    def version(self) -> int:
        """Counts the changes."""
        return self._version

    @property
    def peers(self) -> Peers:
        """All of them."""
        return self._peers

    def addresses(self, service: str) -> Sequence[str]:
        """Where its instances listen."""
        if (remote := self._remotes.get(service)) is not None:
            return (remote[0],)
        if "." in service and service not in self._peers.services:  # a stand-in is at a place of its own
            service = service_behind(service)
        return self._peers.services.get(service, ())

    def door(self, service: str) -> Door | None:
        """How it is called where it is not Atoll's own."""
        remote = self._remotes.get(service)
        if remote is not None:
            return remote[1]
        root = self._peers.roots.get(service)
        return None if root is None else Door(root=root)

    @property
    def services(self) -> frozenset[str]:
        """Who can be reached, or could be before."""
        return frozenset((*self._peers.services, *self._remotes))

    def add_remote(self, service: str, address: str, door: Door) -> None:
        """Know a service that others run; no file says where it is, the application does."""
        self._remotes[service] = (address, door)
        self._version += 1

    def look(self) -> None:
        """Read again."""
        peers = self._read()
        if peers is not None and peers != self._peers:
            self.put(peers)

    def put(self, peers: Peers) -> None:
        """Know these from now on."""
        self._peers = peers
        self._version += 1
