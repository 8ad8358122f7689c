"""The callers' side: calls under load, and what was answered to each."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from atoll.calls import Caller, client
from atoll.calls.ports import Transport
from atoll.contract import Problem
from atoll.kernel import Context, Entropy, Tasks
from atoll.kernel.context import current
from tests.campaigns.crash.application import STUMBLES, Receipt, Sale, Till
from tests.plain import PLAIN

ACCOUNTS = 24
CALLERS = 12
DEADLINE_S = 2.0
PATIENCE_S = 40.0
"""For how long a call with an idempotency key is sent again, until it is answered."""

HONEST = frozenset({"unavailable", "overloaded", "outcome_unknown", "deadline_exceeded"})
"""What a caller may be told while processes and databases die, on a machine that has too much to do."""


@dataclass
class Book:
    """What became of the calls, by mark: the sequence that was answered, or that nobody knows."""

    acknowledged: dict[str, int] = field(default_factory=dict[str, int])
    unknown: set[str] = field(default_factory=set[str])
    keyed: set[str] = field(default_factory=set[str])
    unanswered: set[str] = field(default_factory=set[str])
    """Calls with a key that were not answered however often they were sent."""
    told: Counter[str] = field(default_factory=Counter[str])
    """The codes of all problems."""
    quiet_at: float = 0.0
    """Until then a call may still be at work that its caller has given up."""

    @property
    def lies(self) -> dict[str, int]:
        """Problems that nobody should have been told."""
        return {code: count for code, count in self.told.items() if code not in HONEST}


class Load:
    """Callers that sell, each one after the other, until they are told to stop. Owns their tasks."""

    def __init__(
        self,
        carrier: Transport,
        entropy: Entropy,
        chance: random.Random,
        name: str,
        *,
        stumbles: bool,
        has_keys: bool = True,
    ) -> None:
        self.book = Book()
        # A breaker would keep the load away from who is killed again and again.
        self._till = client(Till, Caller("load", carrier, entropy, timeout_s=DEADLINE_S, policies=PLAIN))
        self._chance = chance
        self._name = name
        self._has_keys = has_keys
        self._stumble = STUMBLES if stumbles else ""
        self._count = 0
        self._is_stopping = False
        self._tasks = Tasks("load")
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._running = [self._tasks.spawn(self._sell_on(), f"caller-{number}") for number in range(CALLERS)]

    async def stop(self) -> None:
        """Begin no new call; those with a key are sent until they are answered."""
        self._is_stopping = True
        try:
            await asyncio.gather(*self._running)
        finally:
            await self._tasks.close()

    async def answered(self) -> None:
        """Wait until a call was answered from now on."""
        seen = len(self.book.acknowledged)
        async with asyncio.timeout(PATIENCE_S):
            while len(self.book.acknowledged) == seen:  # noqa: ASYNC110  # the callers do not tell
                await asyncio.sleep(0.005)

    async def _sell_on(self) -> None:
        chance = self._chance
        while not self._is_stopping:
            self._count += 1
            number = self._count
            mark = f"{self._name}-{number}{self._stumble if number % 40 == 7 else ''}"
            is_later = number % 25 == 3
            account = f"later-{number}" if is_later else f"account-{chance.randrange(ACCOUNTS)}"
            sale = Sale(account=account, mark=mark, delay_s=chance.uniform(0.05, 0.5) if is_later else 0.0)
            if number % 2:
                await self._until_answered(sale)
            else:
                await self._once(sale)
            await asyncio.sleep(chance.uniform(0.0, 0.02))

    async def _once(self, sale: Sale) -> None:
        current.set(Context())
        if not await self._is_answered(sale):
            self.book.unknown.add(sale.mark)
            await asyncio.sleep(0.03)

    async def _until_answered(self, sale: Sale) -> None:
        current.set(Context(idempotency_key=sale.mark if self._has_keys else None))
        self.book.keyed.add(sale.mark)
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + PATIENCE_S
        while not await self._is_answered(sale):
            if loop.time() > ends_at:
                self.book.unanswered.add(sale.mark)
                return
            await asyncio.sleep(self._chance.uniform(0.01, 0.1))

    async def _is_answered(self, sale: Sale) -> bool:
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        try:
            receipt: Receipt = await self._till.sell(sale)
        except Problem as problem:
            self.book.told[problem.code] += 1
            self.book.quiet_at = max(self.book.quiet_at, begun_at + DEADLINE_S)
            return False
        assert receipt.mark == sale.mark, "an answer of another call"
        self.book.acknowledged[sale.mark] = receipt.sequence
        return True
