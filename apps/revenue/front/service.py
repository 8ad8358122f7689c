"""The front page as a service: it listens for browsers, and calls as any other service does."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import parse_qsl, quote

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from atoll import Disk, Entropy, InvalidInput, Problem, Service, Settings, depends, private
from atoll.edge import Guard, Listening, Server, hosts_of, served_nearby
from revenue.capture.contract import Capture, LeadDetails, LeadRejected
from revenue.enrichment.contract import Enrichment
from revenue.identity.contract import Identity
from revenue.routing.contract import Routing
from revenue.scoring.contract import Scoring
from revenue.webhooks.contract import LinkNotFound, Webhooks

from . import ADDRESS
from .pages import FIELDS, STYLE, accept_page, form_page, message_page, story_page
from .story import Services

BODY_MAX = 64 * 1024
FIELDS_MAX = 50
KEY = "links.key"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # without any, browsers send forms with the origin `null`
    (b"cache-control", b"no-store"),
]
_NAMES = frozenset({name for name, *_ in FIELDS} | {"description", "consent"})


class FrontSettings(Settings):
    """Settings of the front page.

    It listens on this machine alone unless `host` says otherwise; where `port` is taken, on any free one. `hosts` are
    further names, with their ports, under which browsers may ask for it. `console_url` is where the live page is.
    """

    host: str = "127.0.0.1"
    port: int = 8100
    hosts: tuple[str, ...] = ()
    console_url: str = "http://127.0.0.1:8090"


class FrontService(Service, owner="revenue-operations"):
    """A form for a lead of one's own, its way to an owner, and the page that links in messages lead to."""

    capture: Capture = depends()
    identity: Identity = depends()
    enrichment: Enrichment = depends()
    scoring: Scoring = depends()
    routing: Routing = depends()
    webhooks: Webhooks = depends()
    disk: Disk
    entropy: Entropy
    settings: FrontSettings
    servers: list[Server] = private(default_factory=list)
    """One while it runs, none before and after."""

    async def start(self) -> None:
        """Listen; on another port where the one that was set is taken."""
        guard = Guard(self.app(), _HEADERS, lambda refusal: PlainTextResponse(f"{refusal.detail}\n", refusal.status))
        where = Listening("revenue", "front", self.settings.host, self.settings.port, drain_s=1.0)
        server, url = await served_nearby(guard, where)
        guard.hosts = hosts_of(url, self.settings.host, self.settings.hosts)
        self.servers.append(server)
        self.disk.write(ADDRESS, msgspec.json.encode({"url": url}))

    async def ready(self) -> bool:
        """Whether it listens."""
        return bool(self.servers)

    async def drain(self) -> None:
        """Take no new requests and let those in progress end."""
        for server in self.servers:
            await server.drain()

    async def stop(self) -> None:
        """Close the address."""
        for server in self.servers:
            await server.stop()
        self.servers.clear()
        self.disk.remove(ADDRESS)

    def app(self) -> Starlette:
        """All pages."""
        routes = [
            Route("/", self._form, methods=["GET"]),
            Route("/leads", _guarded(self._send), methods=["POST"]),
            Route("/leads", _to_form, methods=["GET"]),  # the address of a form that was shown again
            Route("/leads/{lead_id}/{proof}", _guarded(self._story), methods=["GET"]),
            Route("/accept/{token}", _guarded(self._link), methods=["GET"]),
            Route("/accept/{token}", _guarded(self._accept), methods=["POST"]),
            Route("/style.css", _style, methods=["GET"]),
            Route("/livez", _live, methods=["GET"]),
        ]
        return Starlette(routes=routes)

    async def _form(self, _: Request) -> Response:
        return HTMLResponse(form_page())

    async def _send(self, request: Request) -> Response:
        given = await _form_of(request)
        details = {name: text for name in _NAMES if (text := given.get(name, "").strip())}
        try:
            receipt = await self.capture.accept(msgspec.convert(details | {"lead_source": "Web form"}, LeadDetails))
        except (LeadRejected, InvalidInput) as problem:
            return HTMLResponse(form_page(given, str(problem)), HTTPStatus.UNPROCESSABLE_ENTITY)
        lead_id = receipt.lead.id
        return RedirectResponse(f"/leads/{lead_id}/{self._proof(lead_id)}", HTTPStatus.SEE_OTHER)

    async def _story(self, request: Request) -> Response:
        lead_id, proof = request.path_params["lead_id"], request.path_params["proof"]
        known = hmac.compare_digest(proof.encode(errors="replace"), self._proof(lead_id).encode())
        services = Services(self.capture, self.identity, self.enrichment, self.scoring, self.routing)
        story = await services.story(lead_id) if known else None
        if story is None:
            text = "This is no lead that was sent from here."
            return HTMLResponse(message_page("Not found", text), HTTPStatus.NOT_FOUND)
        console_url = f"{self.settings.console_url.rstrip('/')}/story/{quote(lead_id, safe='')}"
        return HTMLResponse(story_page(story.who, story.steps, is_whole=story.is_whole, console_url=console_url))

    async def _link(self, request: Request) -> Response:
        link = await self.webhooks.link(request.path_params["token"])
        return HTMLResponse(accept_page(link.name or link.lead_id, link.owner, is_accepted=link.is_accepted))

    async def _accept(self, request: Request) -> Response:
        link = await self.webhooks.accept(request.path_params["token"])
        return HTMLResponse(accept_page(link.name or link.lead_id, link.owner, is_accepted=True))

    def _proof(self, lead_id: str) -> str:
        """What only who was sent to a lead's page knows: without it nobody reads a lead by guessing its id."""
        key = self.disk.ensure(KEY, lambda: self.entropy.token().encode(), private=True)
        return hmac.new(key, lead_id.encode(errors="replace"), hashlib.sha256).hexdigest()[:32]


class _TooLong(Exception):
    """Nobody writes such a form by hand."""


def _guarded(page: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A page that answers a problem with a page, too."""

    async def answer(request: Request) -> Response:
        try:
            return await page(request)
        except _TooLong:
            text = f"A form may have {BODY_MAX // 1024} kB and {FIELDS_MAX} fields: write less."
            return HTMLResponse(message_page("Too long", text), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except LinkNotFound as problem:
            return HTMLResponse(message_page("Not found", str(problem)), problem.status)
        except Problem as problem:
            if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return HTMLResponse(message_page("That did not work", str(problem)), problem.status)
            text = "A service that this page needs does not answer now. Nothing is lost: try again in a moment."
            return HTMLResponse(message_page("In a moment", text), problem.status)

    return answer


async def _form_of(request: Request) -> dict[str, str]:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MAX:
            raise _TooLong
    try:
        return dict(parse_qsl(body.decode(errors="replace"), max_num_fields=FIELDS_MAX))
    except ValueError:
        raise _TooLong from None


async def _to_form(_: Request) -> Response:
    return RedirectResponse("/", HTTPStatus.SEE_OTHER)


async def _style(_: Request) -> Response:
    return Response(STYLE, media_type="text/css")


async def _live(_: Request) -> Response:
    return PlainTextResponse("live\n")
