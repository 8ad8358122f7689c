"""Subscriptions, dead letters, and what people decide about them; with what everybody has changed."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request

from atoll.console.guarding import Facts, Refused, body_of
from atoll.console.operated import Reached
from atoll.console.seen import limit
from atoll.console.sessions import Session
from atoll.edge import Home
from atoll.operating import By, Change, Letter, NotMeant, NotReached, Operated, Which, changes_in


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):  # what is passed over would mean more of them
    """Which dead letters of a service are meant, and what is to be said about it."""

    service: str
    numbers: tuple[int, ...] | None = None
    key: str | None = None
    type: str | None = None
    reason: str = ""
    dry_run: bool = False


class EventsApi:
    """What is asked of events, and done to them."""

    def __init__(self, home: Home, reached: Reached) -> None:
        self._home = home
        self._reached = reached

    async def overview(self, _: Request, __: Session) -> Facts:
        """All subscriptions and logs."""
        async with self._reached.use() as found:
            statuses, logs = await found.overview() if found is not None else ([], [])
        return {
            "subscriptions": [
                {
                    "subscriber": each.subscriber,
                    "publisher": each.publisher,
                    "state": each.standing,
                    "backlog": each.lag or 0,
                    "parked": each.waiting + each.behind,
                    "dead": each.dead,
                    "rate_per_s": each.per_s or 0.0,
                    "position": each.position or 0,
                    "head": each.head or 0,
                }
                for each in statuses
            ],
            "logs": [
                {"publisher": each.publisher, "head": each.head, "oldest": each.oldest, "bytes": None} for each in logs
            ],
        }

    async def dead(self, request: Request, _: Session) -> Facts:
        """Messages that wait for a decision, with those behind them."""
        asked = request.query_params
        which = Which(key=asked.get("key") or None, type=asked.get("type") or None)
        service = asked.get("service") or None
        async with self._reached.use() as found:
            if found is None:
                return {"messages": [], "total": 0}
            letters = await self._asked(found.letters(which, service, limit=limit(asked, 200)))
            total = sum((await found.count(which, service)).values())
        several = [letter_facts(name, each) for name, own in letters.items() for each in own]
        return {"messages": several, "total": total}

    async def of_key(self, key: str) -> list[Facts]:
        """The dead letters of a key."""
        async with self._reached.use() as found:
            letters: dict[str, list[Letter]] = {}
            if found is not None:
                letters = await self._asked(found.letters(Which(key=key)))
        return [letter_facts(name, each) for name, own in letters.items() for each in own]

    async def messages(self, request: Request, _: Session) -> Facts:
        """What is kept of a key in the logs, the last first."""
        asked = request.query_params
        key = asked.get("key", "")
        if not key:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", "say which key")
        async with self._reached.use() as found:
            if found is None:
                return {"messages": []}
            messages = await self._asked(found.messages(key, asked.get("service") or None, limit=limit(asked, 100)))
        return {"messages": [msgspec.to_builtins(each) for each in messages]}

    async def replay(self, request: Request, session: Session) -> Facts:
        """Let messages be tried once more."""
        return await self._change("replay", await body_of(request, Chosen), session)

    async def drop(self, request: Request, session: Session) -> Facts:
        """Take messages out for good, with a reason."""
        chosen = await body_of(request, Chosen)
        if not chosen.reason.strip() and not chosen.dry_run:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "no_reason", "say why: it is kept with what was dropped")
        return await self._change("drop", chosen, session)

    async def audit(self, request: Request, _: Session) -> Facts:
        """What people have changed, here and by the command line, the last first."""
        many = limit(request.query_params, 100)
        changes = changes_in(self._home.state, many) if self._home.state is not None else []
        deeds = [_change_facts(each) for each in changes]
        async with self._reached.use() as found:
            if found is not None:
                deeds += [
                    {
                        "at": deed.at,
                        "actor": deed.actor,
                        "action": f"events {deed.action}",
                        "subject": deed.subject or str(deed.details.get("message_id", "")),
                        "detail": deed.why,
                        "outcome": "done",
                        "via": "console" if deed.actor.startswith("console-") else "cli",
                        "service": name,
                    }
                    for name, deed in await found.deeds(limit=many)
                ]
        return {"deeds": sorted(deeds, key=lambda each: -each["at"])[:many]}

    async def _change(self, action: str, chosen: Chosen, session: Session) -> Facts:
        by = By(session.user, chosen.reason)
        async with self._reached.use() as found:
            if found is None:
                return {"count": 0, "dry_run": chosen.dry_run}
            work = self._changed(found, action, chosen, by)
            return {"count": await self._asked(work), "dry_run": chosen.dry_run}

    async def _changed(self, found: Operated, action: str, chosen: Chosen, by: By) -> int:
        done = 0
        for which in _which(chosen):
            if chosen.dry_run:
                done += (await found.count(which, chosen.service)).get(chosen.service, 0)
            else:
                change = found.replay if action == "replay" else found.drop
                done += await change(which, chosen.service, by)
        return done

    async def _asked(self, work: Any) -> Any:  # Any: an awaitable, and what it answers
        """What some work answers; what it refuses is an answer, too."""
        from atoll import AtollError  # noqa: PLC0415  # beside its use

        try:
            return await work
        except NotMeant as error:
            raise Refused(HTTPStatus.NOT_FOUND, error.code, f"{error.what} {error.fix}") from None
        except NotReached as error:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, error.code, str(error)) from None
        except AtollError as error:
            raise Refused(HTTPStatus.CONFLICT, error.code, str(error)) from None


def _which(chosen: Chosen) -> Iterator[Which]:
    if chosen.numbers is None:
        yield Which(key=chosen.key, type=chosen.type)
    for number in chosen.numbers or ():
        yield Which(number=number)


def letter_facts(service: str, letter: Letter) -> Facts:
    """A message that was put aside, for the pages."""
    return {
        "service": service,
        "publisher": letter.publisher,
        "number": letter.number,
        "id": letter.message_id,
        "type": letter.type,
        "key": letter.key or "",
        "tenant": letter.tenant,
        "state": letter.state,
        "error": letter.error,
        "attempts": letter.attempts,
        "at": letter.parked_at,
        "due_at": letter.due_at or None,
        "payload": letter.payload,
        "trace_id": letter.trace_id,
    }


def _change_facts(change: Change) -> Facts:
    facts: Facts = msgspec.to_builtins(change)
    facts.pop("id")
    return facts | {"service": change.subject}
