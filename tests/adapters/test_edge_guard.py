"""Under which names an address may be asked for; what is refused is tested where pages are served."""

import socket

import pytest
from starlette.types import Receive, Scope, Send

from atoll.adapters.edge_guard import hosts_of
from atoll.adapters.edge_server import AddressTaken, Listening, Server, served_nearby


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that is never asked."""


@pytest.mark.parametrize(
    ("host", "url", "name"),
    [
        ("127.0.0.1", "http://127.0.0.1:80", "localhost:80"),
        ("::1", "http://[::1]:8090", "[::1]:8090"),
        ("fe80::1", "http://[fe80::1]:8090", "[fe80::1]:8090"),
        ("0.0.0.0", "http://127.0.0.1:8090", "127.0.0.1:8090"),
        ("ops.example", "http://ops.example:1", "ops.example:1"),
    ],
)
def test_an_address_has_names_with_its_port(host: str, url: str, name: str) -> None:
    """As browsers write them into `Host`."""
    found = hosts_of(url, host, ("Desk.example:8443",))

    assert name in found
    assert "desk.example:8443" in found
    assert not {host, "localhost", "evil.example:80"} & found


async def test_where_a_port_is_taken_another_one_is_found() -> None:
    """Unless any would do, and none does."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server, url = await served_nearby(nothing, Listening("shop", "desk", "127.0.0.1", port))
        await server.stop()

        assert not url.endswith(f":{port}")
        with pytest.raises(AddressTaken, match="SHOP_DESK_PORT"):
            await Server(nothing, Listening("shop", "desk", "127.0.0.1", port)).start()
    with pytest.raises(AddressTaken):
        await served_nearby(nothing, Listening("shop", "desk", "192.0.2.1", 0))
