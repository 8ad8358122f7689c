"""What Identity promises: every lead is somebody, at a company or at none, and every decision says why."""

from datetime import datetime
from typing import Annotated, Protocol

from msgspec import Meta

from atoll import Choice, Event, Page, Personal, Problem, Value, contract, get, post
from revenue.capture.contract import Lead, LeadDetails


class Band(Choice):
    """How sure it is that two are one: joined by itself, laid before a person, or kept apart."""

    AUTO = "auto"
    REVIEW = "review"
    DISTINCT = "distinct"
    UNKNOWN = "unknown"


class Resolution(Value):
    """Who a lead is: its contact, and the account that the contact belongs to, where there is one.

    `account_domain` is a company's own registrable domain, never one that gives mailboxes to everybody. `why` has a
    sentence for each step of the decision.
    """

    contact_id: str
    account_id: str | None = None
    account_name: str | None = None
    account_domain: str | None = None
    band: Band = Band.DISTINCT
    why: tuple[Personal[str], ...] = ()


class LeadResolution(Value):
    """What was decided about a lead last: who it is, which revision of it that was about, when, and the lead itself.

    `number` grows with every decision: a lead that has changed has a new one.
    """

    number: int
    lead_id: str
    revision: int
    resolved_at: datetime
    lead: Lead
    resolution: Resolution


class ResolutionCount(Value):
    """How many leads were resolved, and the sum of their revisions: both are `capture.count`'s when none waits."""

    leads: int
    revisions: int


class Match(Value):
    """Somebody who is here and may be the same, how sure that is, and why.

    `bits` is the sum of the evidence: each one makes it twice as likely. What a key decides has none.
    """

    id: str
    band: Band
    bits: float = 0.0
    why: tuple[Personal[str], ...] = ()


class Verdict(Value):
    """What would be decided about a lead that says this, and who else was looked at. `contact_id` None: a new one."""

    contact_id: str | None
    account_id: str | None
    band: Band
    why: tuple[Personal[str], ...] = ()
    contacts: tuple[Match, ...] = ()
    accounts: tuple[Match, ...] = ()


class Survival(Choice):
    """By which rule a field's value was chosen from those that the leads of a contact say."""

    LATEST = "latest"
    """What was said last."""
    LONGEST = "longest"
    """What says most; of equally long ones the latest."""
    FIRST = "first"
    """What was said first: attribution asks for the beginning."""
    RECORDED = "recorded"
    """What a record of another system says, before what people have typed; of equal ones the latest."""
    TOGETHER = "together"
    """An address from one lead, which says most of it: a street of one and a city of another are nowhere."""
    UNKNOWN = "unknown"


class ContactField(Value):
    """A field of a contact: its value, which lead says so, since when, and by which rule it was chosen."""

    name: str
    value: Personal[str]
    lead_id: str
    said_at: datetime
    rule: Survival


class MergeRecord(Value):
    """A merge, or its undoing: of whom, when, by whom and why."""

    kept_id: str
    merged_id: str
    is_undone: bool
    at: datetime
    by: str
    why: Personal[str] = ""


class Contact(Value):
    """A person, as all of their leads together say. An id that was merged answers for ever: `asked_for` says so.

    `merged_ids` are those that are one with it now.
    """

    id: str
    fields: tuple[ContactField, ...]
    lead_ids: tuple[str, ...]
    created_at: datetime
    account_id: str | None = None
    merged_ids: tuple[str, ...] = ()
    asked_for: str | None = None
    history: tuple[MergeRecord, ...] = ()


class Account(Value):
    """A company. `domains` are its registrable domains, the main one first. An id that was merged answers for ever.

    `external_ids` are its records' ids in other systems, by the system's name; one may have several.
    """

    id: str
    name: str
    created_at: datetime
    domains: tuple[str, ...] = ()
    country: str | None = None
    industry: str | None = None
    number_of_employees: int | None = None
    parent_id: str | None = None
    external_ids: dict[str, tuple[str, ...]] = {}
    merged_ids: tuple[str, ...] = ()
    asked_for: str | None = None
    history: tuple[MergeRecord, ...] = ()


class AccountDetails(Value):
    """What a list of accounts says about one of them. `parent` is the name, domain or record id of another one.

    What it leaves out stays as it was.
    """

    name: Annotated[str, Meta(min_length=1, pattern=r"\w")]
    domain: str | None = None
    country: str | None = None
    industry: str | None = None
    number_of_employees: int | None = None
    parent: str | None = None
    external_id: str | None = None


class AccountList(Value):
    """A list of accounts, or a piece of one; `source` names the system whose record ids they carry."""

    accounts: Annotated[tuple[AccountDetails, ...], Meta(max_length=1_000)]
    source: str = ""


class AccountReport(Value):
    """What became of a list. Always `accounts == created + updated + unchanged`."""

    accounts: int
    created: int
    updated: int
    unchanged: int


class Kind(Choice):
    """Whom something is about."""

    CONTACT = "contact"
    ACCOUNT = "account"
    UNKNOWN = "unknown"


class DuplicateState(Choice):
    """What was decided of two that may be one; apart stays apart."""

    OPEN = "open"
    MERGED = "merged"
    APART = "apart"
    UNKNOWN = "unknown"


class Duplicate(Value):
    """Two that may be one, with the evidence, for a person to decide. `one_id` came first."""

    id: str
    kind: Kind
    one_id: str
    other_id: str
    state: DuplicateState
    bits: float
    why: tuple[Personal[str], ...]
    found_at: datetime
    decided_at: datetime | None = None


class MergeOrder(Value):
    """Whom to merge into the one of the path, and why. `although_apart` overrules that they are to stay apart."""

    merged_id: str
    why: Personal[str] = ""
    although_apart: bool = False


class LeadResolved(Event, key="lead_id"):
    """It was decided who a lead is that is new or has changed. It carries the lead, so that nobody has to ask."""

    lead_id: str
    lead: Lead
    resolution: Resolution


class ContactsMerged(Event, key="kept_id"):
    """Two contacts are one: whoever keeps `merged_id` keeps `kept_id` instead. A merged id answers for ever."""

    kept_id: str
    merged_id: str
    lead_ids: tuple[str, ...]


class ContactsParted(Event, key="kept_id"):
    """A merge was undone: these leads belong to `parted_id` again."""

    kept_id: str
    parted_id: str
    lead_ids: tuple[str, ...]


class AccountsMerged(Event, key="kept_id"):
    """Two accounts are one, as with contacts. Where very many leads are of `merged_id`, several events tell them."""

    kept_id: str
    merged_id: str
    lead_ids: tuple[str, ...] = ()


class AccountsParted(Event, key="kept_id"):
    """The merge of two accounts was undone: these leads belong to `parted_id` again."""

    kept_id: str
    parted_id: str
    lead_ids: tuple[str, ...] = ()


class ContactNotFound(Problem, status=404, detail="no contact has the id {contact_id}"):
    """There is no such contact, nor was there one."""

    contact_id: str


class AccountNotFound(Problem, status=404, detail="no account has the id {account_id}"):
    """There is no such account, nor was there one."""

    account_id: str


class ResolutionNotFound(
    Problem, status=404, detail="lead {lead_id} was not resolved: there is no such lead, or it waits for it"
):
    """There is no such resolution, or not yet: leads are resolved some moments after they have come in."""

    lead_id: str


class DuplicateNotFound(
    Problem, status=404, detail="no pair has the id {duplicate_id}: list them with GET /duplicates"
):
    """There is no such pair."""

    duplicate_id: str


class KeptApart(
    Problem,
    status=409,
    detail="{one_id} and {other_id} are to stay apart: if they are one after all, merge them with although_apart",
):
    """Somebody has decided that these two, or two that were merged into them, are not the same."""

    one_id: str
    other_id: str


@contract(version="1.0", publishes=(LeadResolved, ContactsMerged, ContactsParted, AccountsMerged, AccountsParted))
class Identity(Protocol):
    """Says who a lead is, and keeps one contact and one account for what many leads say."""

    @post("/resolve", public=True)
    async def resolve(self, details: LeadDetails) -> Verdict:
        """Say what would be decided about a lead that says this, and why; nothing is kept."""
        ...

    @get("/leads/{lead_id}/resolution", public=True, raises=(ResolutionNotFound,))
    async def resolution(self, lead_id: str) -> LeadResolution:
        """Who a lead is, as it is now: merges since then are followed."""
        ...

    @get("/resolutions", public=True)
    async def resolutions(
        self, before: Annotated[datetime, Meta(tz=True)] | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[LeadResolution]:
        """The latest decision about each lead, in their order, a page at a time (at most 1,000 each).

        `before` leaves out those that are younger. Give one that is some seconds old when following the list with a
        cursor: transactions that are under way may still add decisions behind it.
        """
        ...

    @get("/resolutions/count", public=True)
    async def count(self) -> ResolutionCount:
        """How many leads were resolved."""
        ...

    @get("/contacts/{contact_id}", public=True, raises=(ContactNotFound,))
    async def contact(self, contact_id: str) -> Contact:
        """One contact by its id, or by one that was merged into it."""
        ...

    @get("/contacts", public=True)
    async def contacts(self, cursor: str | None = None, limit: int = 100) -> Page[Contact]:
        """All contacts, oldest first, a page at a time (at most 1,000 each), without their history."""
        ...

    @post("/contacts/{contact_id}/merge", public=True, raises=(ContactNotFound, KeptApart))
    async def merge_contacts(self, contact_id: str, order: MergeOrder) -> Contact:
        """Make two contacts one. Where they are one already, nothing is done."""
        ...

    @post("/contacts/{contact_id}/unmerge", public=True, raises=(ContactNotFound,))
    async def unmerge_contact(self, contact_id: str) -> Contact:
        """Take a contact that was merged out again, with all that was merged into it; they stay apart from then on."""
        ...

    @get("/accounts/{account_id}", public=True, raises=(AccountNotFound,))
    async def account(self, account_id: str) -> Account:
        """One account by its id, or by one that was merged into it."""
        ...

    @get("/accounts", public=True)
    async def accounts(self, cursor: str | None = None, limit: int = 100) -> Page[Account]:
        """All accounts, oldest first, a page at a time (at most 1,000 each), without their history."""
        ...

    @post("/accounts/import", public=True)
    async def import_accounts(self, accounts: AccountList) -> AccountReport:
        """Take a list of accounts in, all at once. The same list again changes nothing."""
        ...

    @post("/accounts/{account_id}/merge", public=True, raises=(AccountNotFound, KeptApart))
    async def merge_accounts(self, account_id: str, order: MergeOrder) -> Account:
        """Make two accounts one. Where they are one already, nothing is done."""
        ...

    @post("/accounts/{account_id}/unmerge", public=True, raises=(AccountNotFound,))
    async def unmerge_account(self, account_id: str) -> Account:
        """Take an account that was merged out again, with all that was merged into it; they stay apart from then on."""
        ...

    @get("/duplicates", public=True)
    async def duplicates(
        self, kind: Kind, state: DuplicateState = DuplicateState.OPEN, cursor: str | None = None, limit: int = 100
    ) -> Page[Duplicate]:
        """Pairs that may be one, oldest first, a page at a time. Open ones that are one by now are left out."""
        ...

    @post("/duplicates/{duplicate_id}/approve", public=True, raises=(DuplicateNotFound, KeptApart))
    async def approve(self, duplicate_id: str) -> Duplicate:
        """Merge the two: the one that came first is kept."""
        ...

    @post("/duplicates/{duplicate_id}/apart", public=True, raises=(DuplicateNotFound,))
    async def keep_apart(self, duplicate_id: str) -> Duplicate:
        """The two are not one, and are never joined by themselves. Where they were merged, that is undone."""
        ...
