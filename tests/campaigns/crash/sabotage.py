"""Safeguards that are taken away, by ports that do not keep their promises: the campaign has to find each of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from atoll.data import Driver, Raw, Session
from atoll.kernel import Tasks
from atoll.topology.world import Storage, bare
from tests.campaigns.crash.points import kind_of
from tests.passing import PassingDriver, PassingSession

LATE_S = 0.05


class PartedSession(PassingSession):
    """Commits the effect, and the cursor in another transaction."""

    async def execute(self, text: str, arguments: Sequence[Any]) -> tuple[Raw, int]:  # Any: values of all columns
        """The rows, and how many were changed."""
        if kind_of(text) == "cursor":
            await self.session.commit()
            self.session = await self.driver.begin(asyncio.get_running_loop().time() + 5.0)
        return await self.session.execute(text, arguments)


class UnfencedSession(PassingSession):
    """Lets the cursor move for whoever held it once."""

    async def execute(self, text: str, arguments: Sequence[Any]) -> tuple[Raw, int]:  # Any: as above
        """The rows, and how many were changed: one, whatever is said."""
        rows, changed = await self.session.execute(text, arguments)
        return rows, 1 if kind_of(text) == "cursor" else changed


class LateSession(PassingSession):
    """Says that it has committed a sale, and does it a little later."""

    is_of_sale = False

    async def execute(self, text: str, arguments: Sequence[Any]) -> tuple[Raw, int]:  # Any: as above
        """The rows, and how many were changed."""
        self.is_of_sale |= kind_of(text) == "sale"
        return await self.session.execute(text, arguments)

    async def commit(self) -> int:
        """Nothing, for now."""
        if not self.is_of_sale:
            return await self.session.commit()
        _ = Tasks("sabotage").spawn(self._commit_later(), "late")
        return 0

    async def _commit_later(self) -> None:
        await asyncio.sleep(LATE_S)
        await self.session.commit()


def _of_sessions(kind: type[PassingSession], victim: str) -> Storage:
    class Sabotaged(PassingDriver):
        async def begin(self, ends_at: float) -> Session:
            return kind(self.driver, await self.driver.begin(ends_at))

    return lambda service, driver: Sabotaged(driver) if service == victim else driver


def _bare(service: str, driver: Driver) -> Driver:
    return bare(service, driver)


SABOTAGES: dict[str, Storage] = {
    "": _bare,
    "effects and cursors in two transactions": _of_sessions(PartedSession, "ledger"),
    "cursors move for anybody": _of_sessions(UnfencedSession, "ledger"),
    "answers before commits": _of_sessions(LateSession, "till"),
}
