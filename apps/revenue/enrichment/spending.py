"""What was asked of whom, what came of it and what it cost: Values of the contract."""

from datetime import datetime

from atoll import Choice, Personal, Value

from .facts import Topic


class AttemptState(Choice):
    """What became of a question to a provider.

    `CALLING` is one that is under way, or whose process has died: after a minute that is `UNKNOWN`, which counts as
    charged.
    """

    CALLING = "calling"
    HIT = "hit"
    MISS = "miss"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Attempt(Value):
    """One question to a provider about a lead. `cost_micros` is what it cost, or may have cost."""

    number: int
    lead_id: str
    provider: str
    field: Topic
    segment: str
    state: AttemptState
    price_micros: int
    cost_micros: int
    currency: str
    asked_at: datetime
    ended_at: datetime | None = None
    detail: str = ""
    rules_version: int = 0


class CostLine(Value):
    """What one provider was asked in one month (`2026-03`), for one field and segment, and what that cost.

    `hit_rate` is the share of hits among what was answered; null where nothing was.
    """

    provider: str
    field: Topic
    segment: str
    month: str
    currency: str
    calls: int
    hits: int
    misses: int
    refused: int
    failed: int
    unknown: int
    cost_micros: int
    hit_rate: float | None = None
    is_sample: bool = False


class ProviderStatus(Value):
    """A provider that the rules can name: whether it can be asked, and if not, why."""

    name: str
    is_on: bool
    why: str
    price_micros: int
    needs: tuple[str, ...]
    fields: tuple[Topic, ...]
    is_sample: bool = False


class PlannedProvider(Value):
    """What one provider would be asked, and what that would cost: at most, and by the hit rates so far."""

    provider: str
    leads: int
    cost_most_micros: int
    cost_expected_micros: int


class PlannedLead(Value):
    """A lead that would cost something, and whom it would be asked of."""

    lead_id: str
    segment: str
    providers: tuple[str, ...]
    cost_most_micros: int


class EnrichmentPlan(Value):
    """What rules would cost for the leads that are kept here, beyond what is known already; nobody was asked.

    `dearest` are the leads that would cost most. `is_whole` is false where there are more leads than were looked at.
    """

    leads: int
    leads_to_ask_about: int
    currency: str
    cost_most_micros: int
    cost_expected_micros: int
    providers: tuple[PlannedProvider, ...]
    dearest: tuple[PlannedLead, ...]
    is_whole: bool = True


class Pin(Value):
    """A value that a person sets, and that nothing overrules until it is taken out again."""

    topic: Topic
    value: Personal[str]
    actor: str
    reason: str = ""


class Unpin(Value):
    """Let go of a value that was set."""

    topic: Topic
    actor: str


class CompanyFile(Value):
    """A CSV file of companies, or a piece of a big one with the header line again, at most 5,000 rows.

    Its columns are known by their names: a domain or website, a name, and what is known beside: industry, number of
    employees, city, state, country, phone. A company that is there already is written over.
    """

    content: bytes


class DirectoryReport(Value):
    """What became of the rows. Always `rows == kept + refused`; `columns` says which column fills which field."""

    rows: int
    kept: int
    refused: int
    columns: dict[str, str]
