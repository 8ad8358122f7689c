"""What a stranger is told is the same wherever services run: one process, or each in one of its own."""

import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from atoll.gateway import connection
from tests.cli.programs import started
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

SETTINGS = {"SHOP_GATEWAY_PORT": "0", "SHOP_GATEWAY_TIMEOUT_S": "1.5"}
RED = b'{"id": "7", "colour": "red"}'
JSON = {"content-type": "application/json"}
TOLD = ("content-type", "allow", "deprecation", "sunset", "link", "cache-control", "retry-after", "atoll-degraded")


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    method: str = "GET"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def order(body: bytes, **headers: str) -> Asked:
    """One that places an order."""
    return Asked("/orders/v1/orders", "POST", body, JSON | {name.replace("_", "-"): it for name, it in headers.items()})


ASKED = [
    order(RED),
    *(order(RED, idempotency_key="once") for _ in range(2)),
    order(b'{"id": "8", "colour": "red"}', idempotency_key="once"),
    *(Asked("/orders/v1/orders/7", method) for method in ("GET", "HEAD", "OPTIONS", "PATCH", "PUT")),
    Asked("/orders/v1/orders/404"),
    *(
        Asked(f"/orders/v1/orders/{word}")
        for word in ("%00", "%2F", "%ff", "a%20b", "%F0%9F%98%80", "..", "%2e", "", "%65xport")
    ),
    *(
        Asked(f"/orders/v1/orders?{query}")
        for query in ("bogus=1", "colour=mauve", "colour=red&colour=blue", "tags=a&tags=")
    ),
    *(
        Asked(f"/orders/v1/orders?limit={word}")
        for word in ("abc", "-1", "1e3", "", "1&limit=2", "9" * 40, "%ff", "1.0")
    ),
    *(order(body) for body in (b"", b"{", b"null", b"[]", b"{}", b'"7"', b"\xff", RED + b"x", b"[" * 2000)),
    order(b'{"id": "7", "colour": "mauve"}'),
    order(b'{"id": "7", "colour": "red", "color": "red"}'),
    order(b'{"id": "7", "id": "8", "colour": "red"}'),
    order(b'{"id": 7, "colour": "red"}'),
    *(
        order(b'{"id": "7", "colour": "red", "quantity": %b}' % it)
        for it in (b"0", b"101", b"1.0", b"1e2", b"NaN", b"9" * 400)
    ),
    order(b'{"id": "\\ud800", "colour": "red"}'),
    order(b'{"id": "7\\u0000", "colour": "red"}'),
    order(b" " * 3_000_000),
    Asked("/orders/v1/orders", "POST", RED, {"content-type": "text/plain"}),
    Asked("/orders/v1/orders", "POST", RED, JSON | {"content-encoding": "gzip"}),
    Asked("/orders/v1/orders/7", "DELETE", b"{}", JSON),
    Asked("/orders/v1/orders/7", "DELETE"),
    *(Asked(f"/orders/v1/{path}") for path in ("broken", "broken/stream", "broken/result", "broken/items", "inside")),
    *(
        Asked(f"/orders/v1/{path}")
        for path in ("generous", "generous/items", "orders/export", "old", "hang", "nothing")
    ),
    *(Asked(f"/orders/v1/orders/export?count={count}") for count in ("0", "3", "10001", "-1")),
    Asked("/orders/v1/around"),
    Asked("/orders/v1/around", headers={"atoll-user": "eve", "atoll-caller": "billing", "atoll-tenant": "other"}),
    Asked("/orders/v1/around", headers={"atoll-criticality": "critical", "atoll-strict": "0", "atoll-attempt": "9"}),
    Asked("/orders/v1/around", headers={"idempotency-key": "k" * 300}),
    Asked("/orders/v1/around", headers={"atoll-timeout": "soon"}),
    Asked("/orders/v1/around", headers={"authorization": ""}),
    Asked("/orders/v1/around", headers={"authorization": "Bearer nobody"}),
    Asked("/orders/v2/around"),
    Asked("/reference/v1/books"),
    Asked("/openapi.json"),
]


@contextmanager
def place(topology: str, state: Path) -> Generator[httpx.Client]:
    """Whoever asks the shop's gateway."""
    arguments = ("run", "tests.gateway.orders:orders", "--topology", topology, "--state", str(state), "--json")
    with started(*arguments, folder=ROOT, extra=SETTINGS) as program:
        line = program.line()
        assert json.loads(line)["event"] == "started", program.said()
        found = connection(state)
        assert found is not None
        with httpx.Client(
            base_url=found.url, headers={"authorization": f"Bearer {found.key}"}, timeout=PATIENCE_S
        ) as http:
            yield http
        program.process.terminate()
        program.code()


def told(http: httpx.Client, asked: Asked) -> object:
    """What is answered, without what is another thing each time."""
    answer = http.request(asked.method, asked.path, content=asked.body or None, headers=asked.headers)
    text = re.sub(r'"(trace_id|instance|remaining_s|idempotency_key)":("[^"]*"|[\d.]+)', r'"\1":-', answer.text)
    text = text.replace(str(http.base_url).rstrip("/"), "http://here")
    return answer.status_code, {name: answer.headers[name] for name in TOLD if name in answer.headers}, text


@pytest.mark.slow
def test_a_stranger_cannot_tell_one_topology_from_another(tmp_path: Path) -> None:
    """Right requests and wrong ones, one after the other, in both."""
    answers: list[list[object]] = []
    for topology in ("single", "processes"):
        with place(topology, tmp_path / topology) as http:
            answers.append([told(http, asked) for asked in ASKED])

    in_one, in_several = answers
    differ = [each for each in zip(ASKED, in_one, in_several, strict=True) if each[1] != each[2]]
    assert not differ, "\n".join(map(str, differ))
