"""Where providers are asked: in their order, within the time there is, at their pace, for what may be spent."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .contract import AttemptState, EnrichmentRules
from .ledger import Elsewhere, Ledger, TooDear
from .pace import Pace
from .waterfall import Step, Told, Waterfall, judged

LOOK_S = 0.05
"""How often it is looked whether somebody else has got the answer."""
SPARE_S = 0.2
"""What is left of the time when the last provider has been waited for: writing takes some of it."""
RATES_FOR_S = 5.0
"""For how long a hit rate is believed that was read."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A provider is done without; `is_later` where it is to be asked afterwards."""

    why: str
    is_later: bool = False


@dataclass(slots=True)
class _Rate:
    read_at: float = -RATES_FOR_S
    calls: int = 0
    hits: float = 1.0
    last_at: datetime | None = None


@dataclass(slots=True)
class Desk:
    """Asks providers. What it keeps is about them, not about leads, and may be lost with the instance."""

    ledger: Ledger
    now: Callable[[], datetime]
    _paces: dict[str, Pace] = field(default_factory=dict[str, Pace])
    _rates: dict[str, _Rate] = field(default_factory=dict[str, _Rate])

    async def ask_all(
        self, waterfall: Waterfall, lead_id: str, rules: EnrichmentRules, version: int, within_s: float
    ) -> None:
        """Ask one provider after the other, until every field has its value or the time is over."""
        until = asyncio.get_running_loop().time() + within_s
        while (step := waterfall.next()) is not None:
            told = await self._told(step, waterfall.segment, lead_id, rules, version, until)
            if isinstance(told, Skip):
                waterfall.skip(step, told.why, is_later=told.is_later)
            else:
                waterfall.take(step, told)

    async def _told(
        self, step: Step, segment: str, lead_id: str, rules: EnrichmentRules, version: int, until: float
    ) -> Told | Skip:
        provider, loop = step.provider, asyncio.get_running_loop()
        if provider.terms.is_local:
            answer = await provider.ask(step.question, "", max(0.0, until - loop.time()))
            return Told(answer, self.now(), 0, rules.budget.currency)
        known = await self._known(step, until)
        if known is not None:
            return known
        if (killed := await self._killed(step, rules)) is not None:
            return killed
        pace = self._paces.setdefault(provider.name, Pace(provider.terms.rate_per_s))
        pace.rate_per_s = provider.terms.rate_per_s
        now = loop.time()
        wait_s = pace.wait_s(now)
        if now + wait_s + provider.terms.timeout_s + SPARE_S > until:
            return Skip("it takes longer than the lead can wait", is_later=True)
        if not pace.admits(now):
            return Skip("it fails at the moment, and is left alone")
        pace.took(now)
        try:
            if wait_s:
                await asyncio.sleep(wait_s)
            return await self._bought(step, pace, segment, lead_id, rules, version, until)
        finally:
            pace.left()

    async def _known(self, step: Step, until: float) -> Told | Skip | None:
        """What was answered before; somebody else's question is waited for."""
        loop = asyncio.get_running_loop()
        while True:
            known = await self.ledger.known(step, self.now())
            if not isinstance(known, Elsewhere):
                return known
            if loop.time() + LOOK_S + SPARE_S > until:
                return Skip("another lead asks it the same at this moment", is_later=True)
            await asyncio.sleep(LOOK_S)

    async def _bought(
        self, step: Step, pace: Pace, segment: str, lead_id: str, rules: EnrichmentRules, version: int, until: float
    ) -> Told | Skip:
        reserved = await self.ledger.reserve(step, lead_id, segment, rules, version, self.now())
        if isinstance(reserved, Told):
            return reserved
        if isinstance(reserved, Elsewhere):
            return await self._known(step, until) or Skip("another lead asks it the same at this moment", is_later=True)
        if isinstance(reserved, TooDear):
            return Skip(reserved.why)
        loop, provider = asyncio.get_running_loop(), step.provider
        timeout_s = max(0.05, min(provider.terms.timeout_s, until - loop.time() - SPARE_S))
        answer = await provider.ask(step.question, reserved.key, timeout_s)
        now = loop.time()
        pace.ended(now, is_well=answer.state not in (AttemptState.FAILED, AttemptState.UNKNOWN))
        if answer.retry_after_s is not None:
            pace.hold(now, answer.retry_after_s)
        state, _, _ = judged(provider, Told(answer, self.now()))
        told = await self.ledger.record(step, reserved, lead_id, answer, state, rules.budget, self.now())
        self._rates.setdefault(provider.name, _Rate()).last_at = self.now()
        if answer.retry_after_s is not None:
            return Skip(answer.detail, is_later=True)
        return told

    async def _killed(self, step: Step, rules: EnrichmentRules) -> Skip | None:
        switch, name = rules.kill_switch, step.provider.name
        if not switch.hit_rate_min:
            return None
        loop_now = asyncio.get_running_loop().time()
        rate = self._rates.setdefault(name, _Rate())
        if loop_now - rate.read_at >= RATES_FOR_S:
            rate.calls, rate.hits, rate.last_at = await self.ledger.hit_rate(name, switch.calls)
            rate.read_at = loop_now
        if rate.calls < switch.calls or rate.hits >= switch.hit_rate_min or rate.last_at is None:
            return None
        if self.now() - rate.last_at >= timedelta(minutes=switch.pause_minutes):
            return None
        return Skip(f"it is switched off: {rate.hits:.0%} hits in its last {rate.calls} answers")
