"""Providers that are data: a request made from a definition, and fields found in the answer to it."""

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from revenue.outside import Fetched, OutsideRefused, TooLong, fetched, wait_asked_s

from .asking import Answer, Question, Terms
from .contract import AttemptState, ProviderRule, Topic
from .jsons import at_path, each_text
from .rules import PLACEHOLDER

BYTES_MAX = 500_000
"""Of an answer: one about a person or a company has a hundredth."""
VALUE_MAX = 1_000
PAUSE_S = 0.05
"""Before a request is made again, the first time; then twice as long each time."""
UNSENT = (OutsideRefused, httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
RETRY_AFTER_S = 30.0
"""For how long a provider is left alone that says it has too much to do, and not until when."""


class HttpProvider:
    """A provider by its definition. Fulfils `Provider`."""

    def __init__(self, rule: ProviderRule, secrets: Mapping[str, str], client: Callable[[], httpx.AsyncClient]) -> None:
        """`secrets` holds all that the definition names."""
        self.name = rule.name
        self.needs = rule.needs
        self.fields = frozenset(Topic(field) for field in rule.fields)
        self.terms = Terms(
            price_micros=rule.price_micros,
            charged_for=rule.charged_for,
            rate_per_s=rule.rate_per_s,
            timeout_s=rule.timeout_s,
            is_idempotent=bool(rule.idempotency_header),
            certainty=rule.certainty,
            maximum_age_days=rule.maximum_age_days,
            miss_age_days=rule.miss_age_days,
        )
        asked = [rule.url, rule.method, rule.query, rule.body, rule.fields, rule.found_when]
        self.fingerprint = msgspec.json.encode(asked, order="sorted").decode()
        self._rule = rule
        self._secrets = secrets
        self._client = client

    async def ask(self, question: Question, key: str, timeout_s: float) -> Answer:
        """The answer; a provider who does a request with the same key once is asked again where none came.

        A refusal, or nobody there, says nothing of a request before it: that may have been charged.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        pause_s = max(PAUSE_S, 1.0 / self.terms.rate_per_s)
        before: list[Answer] = []
        while True:
            left_s = until - loop.time()
            share_s = left_s / 2 if self.terms.is_idempotent and left_s > timeout_s * 0.75 else left_s
            answer = _beside(await self._once(question, key, share_s), before)
            is_open = answer.state in (AttemptState.FAILED, AttemptState.UNKNOWN) and answer.retry_after_s is None
            if not (self.terms.is_idempotent and is_open) or until - loop.time() - pause_s < timeout_s * 0.2:
                return answer
            before.append(answer)
            await asyncio.sleep(pause_s)
            pause_s *= 2

    async def _once(self, question: Question, key: str, timeout_s: float) -> Answer:
        client = self._client()
        try:
            async with asyncio.timeout(timeout_s):
                request = request_of(self._rule, question.words, self._secrets, key, client)
                return answer_of(self._rule, await fetched(client, request, bytes_max=BYTES_MAX))
        except UNSENT as error:
            return Answer(AttemptState.FAILED, detail=_said(error), is_sent=False)
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError) as error:
            return Answer(AttemptState.FAILED, detail=f"no request could be made: {_said(error)}", is_sent=False)
        except TimeoutError:
            return Answer(AttemptState.UNKNOWN, detail=f"no answer within {timeout_s:.1f} s")
        except (TooLong, httpx.HTTPError) as error:
            return Answer(AttemptState.UNKNOWN, detail=_said(error))


def request_of(
    rule: ProviderRule, words: Mapping[str, str], secrets: Mapping[str, str], key: str, client: httpx.AsyncClient
) -> httpx.Request:
    """The request about a lead that says these words; each is written so that it can say nothing else."""

    def filled(text: str, escaped: Callable[[str], str]) -> str:
        def one(kind: str, word: str) -> str:
            if kind == "basic":
                return base64.b64encode(secrets[word].encode()).decode()
            return secrets[word] if kind == "secret" else escaped(words[word])

        return PLACEHOLDER.sub(lambda found: one(found[1], found[2]), text)

    headers = {name: filled(value, _for_header) for name, value in rule.headers.items()}
    if rule.idempotency_header:
        headers[rule.idempotency_header] = key
    headers.setdefault("accept", "application/json")
    content: bytes | None = None
    if rule.body:
        body = msgspec.json.decode(rule.body)
        content = msgspec.json.encode(each_text(body, "", lambda _, text: filled(text, str)))
        headers.setdefault("content-type", "application/json")
    url = httpx.URL(filled(rule.url, _for_path))
    for name, value in rule.query.items():
        url = url.copy_add_param(name, filled(value, str))
    return client.build_request(rule.method, url, headers=headers, content=content)


def answer_of(rule: ProviderRule, response: Fetched) -> Answer:
    """What a response says. Values are looked at afterwards; here they are only found."""
    status = response.status
    if status in rule.miss_statuses:
        return Answer(AttemptState.MISS, detail=f"status {status}")
    if status in (429, 503):
        return Answer(
            AttemptState.FAILED, detail=f"it has too much to do (status {status})", retry_after_s=_wait_s(response)
        )
    if not 200 <= status <= 299:
        return Answer(AttemptState.FAILED, detail=f"status {status}")
    try:
        said = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Answer(AttemptState.UNKNOWN, detail="its answer is no JSON")
    if rule.found_when and at_path(said, rule.found_when) in (None, False, "", 0):
        return Answer(AttemptState.MISS, detail=f"nothing at {rule.found_when}")
    values: dict[Topic, str] = {}
    wrong: list[str] = []
    for field, path in rule.fields.items():
        found = at_path(said, path)
        if found in (None, ""):
            continue
        text = _text(found)
        if text is None:
            wrong.append(f"{path} is no text")
        else:
            values[Topic(field)] = text
    if not values and not wrong:
        return Answer(AttemptState.MISS, detail="none of its fields is there")
    return Answer(AttemptState.HIT, values, "; ".join(wrong)[:300])


def _beside(answer: Answer, before: Sequence[Answer]) -> Answer:
    """An answer to a request that was made before under the same key: what it says of all of them together."""
    if answer.state is not AttemptState.FAILED:
        return answer
    is_unknown = any(each.state is AttemptState.UNKNOWN for each in before)
    return replace(
        answer,
        state=AttemptState.UNKNOWN if is_unknown else answer.state,
        is_sent=answer.is_sent or any(each.is_sent for each in before),
    )


def _text(found: Any) -> str | None:  # Any: JSON
    """A text or a whole number as text; None for what is neither."""
    if isinstance(found, bool):
        return None
    if isinstance(found, int) or (isinstance(found, float) and found.is_integer()):
        return str(int(found)) if abs(found) < 10**18 else None
    return found[:VALUE_MAX] if isinstance(found, str) else None


def _for_path(value: str) -> str:
    """A part of a path; one of dots alone would lead elsewhere."""
    return value.replace(".", "%2E") if not value.strip(".") else quote(value, safe="")


def _for_header(value: str) -> str:
    return quote(value, safe=" @+-._")


def _wait_s(response: Fetched) -> float:
    asked_s = wait_asked_s(response.headers)
    return RETRY_AFTER_S if asked_s is None else min(3600.0, max(1.0, asked_s))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
