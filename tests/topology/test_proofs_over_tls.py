"""Where certificates name services, both sides hold each other to that: a stolen token is of no use to its thief."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from atoll import Application, Unavailable, World
from atoll.adapters.certificates import Certificates
from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemEntropy
from atoll.calls import Caller, client
from atoll.hosting import ByAuthority, Directory, Peers, serving
from atoll.problems import Unauthenticated
from tests.adapters.authority import Authority
from tests.calls.test_access import Vault, bank
from tests.topology.proved import authority_in, proving_of

VAULT, TELLER, VISITOR = "spiffe://bank/vault", "spiffe://bank/teller", "spiffe://bank/visitor"


@asynccontextmanager
async def vault(folder: Path, ours: Authority, *names: str) -> AsyncGenerator[str]:
    """The vault behind TLS, whose certificate names these; where it listens."""
    async with serving(
        Application("bank", services=bank.services, edges=(), owner="tests"),
        world=World.real(folder),
        directory=Directory(Peers(tls=ours.services(*names))),
        listen=["https://localhost:0"],
        services=["vault"],
        joining=ByAuthority(folder),
    ) as served:
        yield served.addresses[0]


async def opened(folder: Path, address: str, ours: Authority, *names: str) -> str:
    """What the vault answers to the teller, who proves that it is that, and whose certificate names these."""
    trust = ours.services(*names)
    tls = Certificates(trust.ca, trust.certificate, trust.key).for_client()
    proving = proving_of(authority_in("bank", folder), ["teller"])
    carrier = HttpClient(Directory(Peers({"vault": (address,)})), SystemEntropy(), tls=tls, proving=proving)
    try:
        return await client(Vault, Caller("teller", carrier, SystemEntropy())).open()
    finally:
        await carrier.close()


@pytest.mark.parametrize("ours", [(TELLER,), (VISITOR, TELLER), ()], ids=["its own", "one of several", "hosts alone"])
@pytest.mark.parametrize("theirs", [(VAULT,), (VAULT, VISITOR), ()], ids=["its own", "one of several", "hosts alone"])
async def test_who_is_what_the_certificate_says_is_answered(
    tmp_path: Path, ours: tuple[str, ...], theirs: tuple[str, ...]
) -> None:
    """A process may host several services; a certificate that names hosts alone is held to its host."""
    authority = Authority(tmp_path)
    async with vault(tmp_path, authority, *theirs) as address:
        assert await opened(tmp_path, address, authority, *ours) == "opened"


@pytest.mark.parametrize("name", [VISITOR, "spiffe://other/teller", "spiffe://bank/tell", "spiffe://bank/teller/x"])
async def test_a_token_is_of_no_use_beside_another_ones_certificate(tmp_path: Path, name: str) -> None:
    """Whoever has taken it from the teller has not taken its key."""
    authority = Authority(tmp_path)
    async with vault(tmp_path, authority, VAULT) as address:
        with pytest.raises(Unauthenticated, match="the certificate that of"):
            await opened(tmp_path, address, authority, name)


@pytest.mark.parametrize("name", [VISITOR, "spiffe://other/vault", "spiffe://bank/vaults"])
async def test_nobody_is_called_who_is_another_service_by_its_certificate(tmp_path: Path, name: str) -> None:
    """Before the request has left: neither token nor data reach it."""
    authority = Authority(tmp_path)
    async with vault(tmp_path, authority, name) as address:
        with pytest.raises(Unavailable, match="by its certificate"):
            await opened(tmp_path, address, authority, TELLER)


async def test_the_host_is_checked_in_any_case(tmp_path: Path) -> None:
    """The name of the service does not make up for it."""
    authority = Authority(tmp_path)
    async with vault(tmp_path, authority, VAULT) as address:
        with pytest.raises(Unavailable, match=r"(?i)certificate"):
            await opened(tmp_path, address.replace("localhost", "127.0.0.1"), authority, TELLER)
