"""The figures of an application at its gateway, for Prometheus: who may see them, and in which format."""

import dataclasses
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from atoll import Config, World, single
from atoll.adapters.telemetry_reading import TelemetryUnreadable
from atoll.edge import ApiKeys, Telemetry
from atoll.gateway import connection
from atoll.telemetry import Figures, NothingKept, ProcessFigures, Sample, Span
from tests.gateway.orders import orders
from tests.patience import PATIENCE_S
from tests.telemetry.scraped import families_in


class _Kept(NothingKept):
    """One process that has answered one call."""

    def processes(self) -> Sequence[ProcessFigures]:
        figures = Figures()
        figures.count(Span("orders.place", "gateway", 1, 2, 3, 0.0, 0.25, "ok", service="orders"))
        return [ProcessFigures("orders-1", True, Sample(7.0, figures.all, []))]


class _Unreadable(NothingKept):
    """A store that cannot be read."""

    def processes(self) -> Sequence[ProcessFigures]:
        raise TelemetryUnreadable("telemetry.db", "permission denied")


@asynccontextmanager
async def opened(state: Path, *opens: str, telemetry: Telemetry | None = None) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody at the gateway: with a key that opens this, or with the development key."""
    world = dataclasses.replace(World.real(state), telemetry=telemetry or _Kept())
    async with single(orders, world=world, config=Config({"SHOP_GATEWAY_PORT": "0"})):
        found = connection(state)
        assert found is not None
        key = found.key
        if opens:
            key, _ = ApiKeys(world.disk("gateway"), world.clock, world.entropy).make("prometheus", opens)
        async with httpx.AsyncClient(
            base_url=found.url, headers={"authorization": f"Bearer {key}"}, timeout=PATIENCE_S
        ) as http:
            yield http


async def test_prometheus_reads_the_figures_with_a_key_of_its_own(tmp_path: Path) -> None:
    """A key that opens them and nothing else: it lies on another machine."""
    async with opened(tmp_path, "gateway.metrics") as http:
        answer = await http.get("/metrics", headers={"accept": "application/openmetrics-text;version=1.0.0"})
        other = await http.get("/orders/v1/orders")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    families = families_in(answer.text, answer.headers["content-type"])
    assert families["atoll_requests"].samples[0].labels["operation"] == "orders.place"
    assert other.status_code == 403


async def test_the_development_key_reads_them_as_text(tmp_path: Path) -> None:
    """For whoever looks with curl."""
    async with opened(tmp_path) as http:
        answer = await http.get("/metrics")
        head = await http.head("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "atoll_requests_total{" in answer.text
    assert (head.status_code, head.content) == (200, b"")


async def test_a_key_for_operations_opens_no_figures(tmp_path: Path) -> None:
    """Also one for all of them: customers have such keys, and the figures show the inside."""
    async with opened(tmp_path, "*") as http:
        answer = await http.get("/metrics")

    assert answer.status_code == 403
    assert "gateway.metrics" in answer.json()["reason"]


async def test_nobody_sees_them_without_a_key(tmp_path: Path) -> None:
    """The edge is never anonymous."""
    async with opened(tmp_path) as http:
        del http.headers["authorization"]
        answer = await http.get("/metrics")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_they_are_read_only(tmp_path: Path) -> None:
    """Nothing is pushed to them."""
    async with opened(tmp_path) as http:
        answer = await http.post("/metrics")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


async def test_figures_that_cannot_be_read_are_no_defect_of_the_gateway(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """503: whoever scrapes comes again, and the log says what to do."""
    async with opened(tmp_path, telemetry=_Unreadable()) as http:
        answer = await http.get("/metrics")

    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert "telemetry.db cannot be read: permission denied" in caplog.text
