"""One attempt: a message is posted to its endpoint, and what comes of it is told without the address."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from revenue.outside import OutsideRefused, wait_asked_s

GONE = 410


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent, and where."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """What went wrong, empty where nothing did; the pause in seconds that was asked for; whether it is of no use."""

    error: str = ""
    asked_s: float = 0.0
    is_over: bool = False


async def posted(client: httpx.AsyncClient, post: Post, timeout_s: float) -> Posted:
    """What becomes of a message within this time, all in all: a receiver may also be slow byte by byte.

    A redirect is no success and is not followed. `410 Gone` says that the receiver wants no more.
    """
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream("POST", post.url, content=post.body, headers=post.headers) as response,
        ):
            if response.is_success:
                return Posted()
            asked_s = wait_asked_s(response.headers) or 0.0
            return Posted(f"HTTP {response.status_code}", asked_s, response.status_code == GONE)
    except TimeoutError:
        return Posted(f"no answer within {timeout_s:g} s")
    except OutsideRefused as refused:
        return Posted(str(refused))
    except httpx.InvalidURL:
        return Posted("the address is none")
    except httpx.HTTPError as error:  # its text may hold the address, which may be a secret
        return Posted(type(error).__name__)
