"""Models in the database: versions, which of them is used, and tables of examples."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select

from atoll import Database, Row, Transaction, upsert

from .contract import (
    ExamplesNotFound,
    ExampleTable,
    LeakageSuspected,
    ModelNotFound,
    ModelReport,
    ModelSummary,
    NothingToRollBack,
    Promoted,
    Promotion,
)
from .judge import Model
from .prediction import Artefact, Predictor
from .store import Ask
from .tables import EXAMPLES, MODELS, PROMOTIONS

IN_USE = select(PROMOTIONS).order_by(PROMOTIONS.c.number.desc()).limit(1)
PROMOTION = select(PROMOTIONS).where(PROMOTIONS.c.number == bindparam("which"))
PROMOTE = insert(PROMOTIONS)
ARTEFACT = select(MODELS.c.artefact).where(MODELS.c.version == bindparam("which"))
REPORT = select(MODELS.c.version, MODELS.c.report).where(MODELS.c.version == bindparam("which"))
BY_DIGEST = select(MODELS.c.version, MODELS.c.report).where(MODELS.c.digest == bindparam("which"))
LISTED: list[ColumnElement[Any]] = [  # Any: values of all columns
    MODELS.c.version.label("number"),
    MODELS.c.version,
    MODELS.c.report,
]
PAGE = select(*LISTED).where(MODELS.c.version > bindparam("after")).order_by(MODELS.c.version).limit(bindparam("count"))
ADD = upsert(MODELS, "digest", update=())

PIECE = upsert(EXAMPLES, "table_name", "piece")
DROP = delete(EXAMPLES).where(EXAMPLES.c.table_name == bindparam("which"))
SIZE = select(func.count().label("pieces"), func.coalesce(func.sum(EXAMPLES.c.rows), 0).label("rows")).where(
    EXAMPLES.c.table_name == bindparam("which")
)
HEADERS = select(EXAMPLES.c.columns).where(EXAMPLES.c.table_name == bindparam("which")).distinct()
DIGESTS = (
    select(EXAMPLES.c.piece, EXAMPLES.c.digest)
    .where(EXAMPLES.c.table_name == bindparam("which"))
    .order_by(EXAMPLES.c.piece)
)
PIECES = (
    select(EXAMPLES.c.columns, EXAMPLES.c.content)
    .where(EXAMPLES.c.table_name == bindparam("which"))
    .order_by(EXAMPLES.c.piece)
)

_ARTEFACT = msgspec.json.Decoder(Artefact)
_REPORT = msgspec.json.Decoder(ModelReport)
_COLUMNS = msgspec.json.Decoder(tuple[str, ...])


async def in_use(ask: Ask, known: dict[int, Predictor]) -> Model | None:
    """The model in use. `known` are those that were read before: a version never changes."""
    row = (await ask(IN_USE, {})).first()
    if row is None or row.version is None:
        return None
    return Model(row.version, await predictor(ask, row.version, known))


async def predictor(ask: Ask, version: int, known: dict[int, Predictor]) -> Predictor:
    """A version, ready to predict.

    Raises:
        ModelNotFound: there is no such version.
    """
    found = known.get(version)
    if found is None:
        text = (await ask(ARTEFACT, {"which": version})).scalar()
        if text is None:
            raise ModelNotFound(version=version)
        found = known[version] = Predictor(_ARTEFACT.decode(text))
    return found


async def report_of(db: Database, version: int) -> ModelReport:
    """The report of a version.

    Raises:
        ModelNotFound: there is no such version.
    """
    row = (await db.read(REPORT, {"which": version})).first()
    if row is None:
        raise ModelNotFound(version=version)
    return told(row, await promoted_version(db))


async def promoted_version(db: Database) -> int | None:
    """The version in use."""
    row = (await db.read(IN_USE)).first()
    return None if row is None else row.version


def told(row: Row, used: int | None) -> ModelReport:
    """The report in a row, with its version and whether it is the one in use."""
    report = _REPORT.decode(row.report)
    return msgspec.structs.replace(report, version=row.version, is_promoted=row.version == used)


def summary_of(report: ModelReport) -> ModelSummary:
    """A report in short."""
    quality = report.quality
    return ModelSummary(
        version=report.version,
        name=report.name,
        rows=report.rows,
        auc_cross_validated=quality.auc_cross_validated,
        auc_time_split=quality.auc_time_split,
        auc_holdout=quality.auc_holdout,
        refused=report.refused,
        trained_at=report.trained_at,
        is_promoted=report.is_promoted,
    )


async def add_model(tx: Transaction, digest: str, artefact: Artefact, report: ModelReport) -> ModelReport:
    """Keep a version; of two that learnt the same at once, the first is kept and both are told of it."""
    row = {
        "digest": digest,
        "artefact": msgspec.json.encode(artefact).decode(),
        "report": msgspec.json.encode(report).decode(),
    }
    await tx.execute(ADD, row)
    return told((await tx.execute(BY_DIGEST, {"which": digest})).one(), None)


async def promote(tx: Transaction, version: int, promotion: Promotion, now: datetime) -> Promoted:
    """Use a version from now on; the one that is used already stays.

    Raises:
        ModelNotFound: there is no such version.
        LeakageSuspected: it uses columns that seem to know the outcome, and nobody has allowed them.
    """
    row = (await tx.execute(REPORT, {"which": version})).first()
    if row is None:
        raise ModelNotFound(version=version)
    report = told(row, None)
    refused = [column for column in report.refused if column not in promotion.allow]
    if refused:
        leaks = tuple(leak for leak in report.leaks if leak.column in refused)
        raise LeakageSuspected(version=version, columns=", ".join(refused), leaks=leaks)
    used = (await tx.execute(IN_USE)).first()
    before = None if used is None else used.version
    if before != version:
        below = None if used is None else used.number
        await tx.execute(PROMOTE, {"version": version, "below": below, "promoted_at": now})
    return Promoted(version=version, before=before, promoted_at=now)


async def roll_back(tx: Transaction, now: datetime) -> Promoted:
    """Use what was used before the present version.

    Raises:
        NothingToRollBack: none is used.
    """
    used = (await tx.execute(IN_USE)).first()
    if used is None or used.version is None:
        raise NothingToRollBack
    under = None if used.below is None else (await tx.execute(PROMOTION, {"which": used.below})).one()
    version, below = (None, None) if under is None else (under.version, under.below)
    await tx.execute(PROMOTE, {"version": version, "below": below, "promoted_at": now})
    return Promoted(version=version, before=used.version, promoted_at=now)


async def table_of(ask: Ask, table: str) -> ExampleTable:
    """How large a table of examples is.

    Raises:
        ExamplesNotFound: there is none of this name.
    """
    size = (await ask(SIZE, {"which": table})).one()
    if not size.pieces:
        raise ExamplesNotFound(table=table)
    headers = (await ask(HEADERS, {"which": table})).scalars()
    columns = dict.fromkeys(name for header in headers for name in _COLUMNS.decode(header))
    return ExampleTable(table=table, rows=size.rows, pieces=size.pieces, columns=tuple(sorted(columns)))
