"""The Playbook, with its versions in a database."""

import hashlib

import msgspec
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from atoll import Clock, Database, Page, Row, Service, Transaction, Unavailable, context
from revenue.paging import page_of

from .contract import (
    NAME,
    KeptPlaybook,
    Playbook,
    PlaybookMoved,
    PlaybookNotFound,
    PlaybookPublished,
    PlaybookTooLarge,
    PlaybookVersion,
    Publication,
    TeamRules,
)
from .tables import PLAYBOOKS

LATEST = select(PLAYBOOKS).order_by(PLAYBOOKS.c.version.desc()).limit(1)
BY_VERSION = select(PLAYBOOKS).where(PLAYBOOKS.c.version == bindparam("version"))
PAGE = (
    select(PLAYBOOKS, PLAYBOOKS.c.version.label("number"))
    .where(PLAYBOOKS.c.version > bindparam("after"))
    .order_by(PLAYBOOKS.c.version)
    .limit(bindparam("count"))
)
ADD = insert(PLAYBOOKS)

VERSION_MAX = 2**31 - 1
BYTES_MAX = 900_000
"""As JSON."""


class PlaybookService(Service, Playbook, owner="revenue-operations"):
    """Keeps versions of the team's rules, and publishes the one that holds."""

    db: Database
    clock: Clock

    async def publish(self, publication: Publication) -> PlaybookVersion:
        """A new version, unless these rules hold already."""
        return await self._published(publication.playbook, publication.note, None, publication.expected)

    async def restore(self, version: int, note: str = "") -> PlaybookVersion:
        """The rules of a version, under a new number."""
        kept = await self.version(version)
        return await self._published(kept.playbook, note or f"back to version {version}", version, None)

    async def latest(self) -> KeptPlaybook:
        """The one with the highest number."""
        return _kept((await self.db.read(LATEST)).first())

    async def version(self, version: int) -> KeptPlaybook:
        """One version; 0 are the rules that the services come with."""
        if version == 0:
            return _kept(None)
        if not 0 < version <= VERSION_MAX:
            raise PlaybookNotFound(version=version)
        row = (await self.db.read(BY_VERSION, {"version": version})).first()
        if row is None:
            raise PlaybookNotFound(version=version)
        return _kept(row)

    async def versions(self, cursor: str | None = None, limit: int = 100) -> Page[PlaybookVersion]:
        """All of them, oldest first."""
        return await page_of(self.db, PAGE, _version, cursor, limit)

    async def _published(
        self, playbook: TeamRules, note: str, restores: int | None, expected: int | None
    ) -> PlaybookVersion:
        try:
            async with self.db.transaction() as tx:
                return await self._add(tx, playbook, note, restores, expected)
        except IntegrityError:  # somebody else has taken the number
            raise Unavailable(service="playbook", reason="another version is being published") from None

    async def _add(
        self, tx: Transaction, playbook: TeamRules, note: str, restores: int | None, expected: int | None
    ) -> PlaybookVersion:
        before = _kept((await tx.execute(LATEST)).first()).version
        if expected is not None and expected != before.version:
            raise PlaybookMoved(version=before.version, expected=expected)
        text = msgspec.json.encode(playbook)
        if len(text) > BYTES_MAX:
            raise PlaybookTooLarge(size=len(text), most=BYTES_MAX)
        digest = _digest_of(text)
        if digest == before.digest:
            return before
        made = PlaybookVersion(
            version=before.version + 1,
            digest=digest,
            note=note,
            published_by=context().user or context().caller,
            published_at=self.clock.now(),
            restores=restores,
        )
        await tx.execute(ADD, msgspec.structs.asdict(made) | {"playbook": text.decode()})
        assert made.published_at is not None
        tx.publish(
            PlaybookPublished(name=NAME, version=made.version, playbook=playbook, published_at=made.published_at)
        )
        return made


def _digest_of(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _kept(row: Row | None) -> KeptPlaybook:
    if row is None:
        return KeptPlaybook(
            version=PlaybookVersion(version=0, digest=_digest_of(msgspec.json.encode(TeamRules()))),
            playbook=TeamRules(),
        )
    return KeptPlaybook(version=_version(row), playbook=msgspec.json.decode(row.playbook, type=TeamRules))


def _version(row: Row) -> PlaybookVersion:
    return PlaybookVersion(**{name: getattr(row, name) for name in PlaybookVersion.__struct_fields__})
