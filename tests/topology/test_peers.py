"""Peers: where services listen, from a file or from the environment; every mistake is told at once."""

import json
import os
from pathlib import Path

import pytest

from atoll import Mistakes
from atoll.calls import Door, is_root
from atoll.topology.hosting import directory_of
from atoll.topology.peers import Directory, Peers, Trust, is_address, peers_in, peers_of

RIGHT = [
    "unix:/run/scoring.sock",
    "unix:/run/a folder/scoring.sock",
    "http://127.0.0.1:7000",
    "http://scoring",
    "http://scoring/",
    "http://[::1]:7000",
    "https://scoring.example:7443",
]

WRONG = [
    "",
    "scoring",
    "127.0.0.1:7000",
    "/run/scoring.sock",
    "unix:",
    "unix:scoring.sock",
    "unix://host/run/scoring.sock",
    "unix:/run/scoring.sock?mode=600",
    "unix:/run/scoring#1.sock",
    "unix:/run/scoring\n.sock",
    "http://",
    "http://:7000",
    "http://host:port",
    "http://host:0",
    "http://host:70000",
    "http://host:-1",
    "http://ho st:7000",
    "http://host:7000\r\nx: y",
    "http://host/api",
    "http://host?a=b",
    "http://host#a",
    "http://user:word@host",
    "http://[::1",
    "ftp://host",
    "HTTP//host",
]


@pytest.mark.parametrize("address", RIGHT)
def test_what_says_where_somebody_listens_is_an_address(address: str) -> None:
    """A path of a socket, or a host."""
    assert is_address(address)


@pytest.mark.parametrize("address", WRONG, ids=ascii)
def test_what_would_not_be_understood_as_a_whole_is_no_address(address: str) -> None:
    """What would be cut off without a word is told instead."""
    assert not is_address(address)


@pytest.mark.parametrize(
    ("root", "is_one"),
    [
        ("", True),
        ("/", True),
        ("/api", True),
        ("/api/v2/", True),
        ("api", False),
        ("/a b", False),
        ("/a\r\nx: y", False),
        ("/a?b=c", False),
        ("/a#b", False),
        ("/é", False),
    ],
)
def test_a_root_is_the_beginning_of_paths(root: str, *, is_one: bool) -> None:
    """It stands in the first line of each request."""
    assert is_root(root) == is_one


def test_a_file_says_all_there_is_to_say() -> None:
    """Services, roots and whom to trust."""
    text = {
        "services": {"scoring": ["unix:/run/a.sock", "https://b:7443"], "tax": []},
        "roots": {"tax": "/api"},
        "tls": {"ca": "ca.pem", "certificate": "me.pem", "key": "me.key"},
    }

    peers = peers_in(json.dumps(text).encode(), "peers.json")
    directory = Directory(peers)

    assert directory.addresses("scoring") == ("unix:/run/a.sock", "https://b:7443")
    assert directory.addresses("tax") == directory.addresses("nobody") == ()
    assert (directory.door("tax"), directory.door("scoring")) == (Door(root="/api"), None)
    assert peers.tls == Trust("ca.pem", "me.pem", "me.key")


def test_every_mistake_in_a_file_is_told_at_once() -> None:
    """With the name of the file, and of the service."""
    text = {
        "services": {"scoring": ["scoring", "http://host:0"], "tax": ["ftp://a"]},
        "roots": {"tax": "api"},
        "tls": {"certificate": "me.pem"},
    }

    with pytest.raises(Mistakes) as caught:
        peers_in(json.dumps(text).encode(), "peers.json")

    told = [str(mistake) for mistake in caught.value.mistakes]
    assert len(told) == 5
    assert all("peers.json" in each for each in told)
    assert all(
        any(word in each for each in told) for word in ("`scoring`", "`http://host:0`", "`tax`", "`api`", "its key")
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b'{"services": []}',
        b'{"services": {"scoring": "unix:/a"}}',
        b'{"service": {}}',
        b'{"tls": {"cert": "a"}}',
        b"\xff",
        b'{"services": {"a": [' + b"[" * 100_000,
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_file_that_cannot_be_read_is_a_mistake(text: bytes) -> None:
    """It says what to write instead."""
    with pytest.raises(Mistakes, match="the peers cannot be read"):
        peers_in(text, "peers.json")


def test_the_environment_says_the_same() -> None:
    """One variable a service, and three for trust."""
    peers = peers_of(
        {
            "ATOLL_PEER_SCORING": "https://one:7443, https://two:7443,",
            "ATOLL_PEER_TAX_V2": "unix:/run/tax.sock",
            "ATOLL_PEER_NOBODY": "",
            "ATOLL_PEERS_OTHER": "junk",
            "ATOLL_TLS_CA": "ca.pem",
            "HOME": "/",
        }
    )

    assert peers.services == {
        "scoring": ("https://one:7443", "https://two:7443"),
        "tax_v2": ("unix:/run/tax.sock",),
        "nobody": (),
    }
    assert peers.tls == Trust(ca="ca.pem")


def test_every_mistake_in_the_environment_is_told_at_once() -> None:
    """As in a file."""
    wrong = {"ATOLL_PEER_A": "one,http://b", "ATOLL_PEER_B": "two", "ATOLL_TLS_KEY": "me.key"}

    with pytest.raises(Mistakes) as caught:
        peers_of(wrong)

    assert len(caught.value.mistakes) == 3


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "peers.json"
    path.write_text('{"services": {"scoring": ["unix:/one"]}}')
    return path


def _replaced(file: Path, text: str) -> None:
    """As a supervisor does it: another file in its place."""
    other = file.with_suffix(".new")
    other.write_text(text)
    os.replace(other, file)  # noqa: PTH105 - the call that replaces atomically


@pytest.mark.parametrize("named_by", ["argument", "environment"])
def test_a_file_that_has_changed_is_read_again(file: Path, named_by: str) -> None:
    """And one that has not changes nothing."""
    directory = directory_of(file, {}) if named_by == "argument" else directory_of(None, {"ATOLL_PEERS": str(file)})
    before = directory.version
    directory.look()
    assert directory.version == before

    _replaced(file, '{"services": {"scoring": ["unix:/two"]}}')
    directory.look()

    assert directory.addresses("scoring") == ("unix:/two",)
    assert directory.version > before


@pytest.mark.parametrize("text", ["", '{"services": {"scor', "[]", '{"services": {"scoring": ["nowhere"]}}'])
def test_a_file_that_cannot_be_read_keeps_the_peers_as_they_were(
    file: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Half of it may be written; the log says so, and the next whole one counts."""
    directory = directory_of(file, {})

    file.write_text(text)
    directory.look()
    kept = directory.addresses("scoring")
    _replaced(file, '{"services": {"scoring": ["unix:/two"]}}')
    directory.look()

    assert kept == ("unix:/one",)
    assert "the peers are kept as they were" in caplog.text
    assert directory.addresses("scoring") == ("unix:/two",)


def test_a_file_that_is_gone_keeps_the_peers_as_they_were(file: Path) -> None:
    """Its folder is moved, its disk is away."""
    directory = directory_of(file, {})

    file.unlink()
    directory.look()

    assert directory.addresses("scoring") == ("unix:/one",)


def test_a_file_that_never_was_is_a_mistake(tmp_path: Path) -> None:
    """At the start, somebody reads it."""
    with pytest.raises(Mistakes, match="name a file of peers"):
        directory_of(tmp_path / "nowhere.json", {})


def test_a_service_that_others_run_stays_where_the_application_says() -> None:
    """No file of peers moves it."""
    directory = Directory(Peers())
    door = Door(root="/api", headers=(("key", "a"),), is_stranger=True)

    directory.add_remote("geo", "https://geo.example", door)
    directory.put(Peers({"geo": ("unix:/elsewhere",)}))

    assert directory.addresses("geo") == ("https://geo.example",)
    assert directory.door("geo") is door
