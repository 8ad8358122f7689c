"""A contact and an account that are here, as much of them as a decision needs. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """A contact that is here: itself, the one that is kept in its place, and a mailbox of those that are one with it.

    `own_mailbox` is the one that it has itself.
    """

    id: str
    root_id: str
    root_number: int
    mailbox: str | None = None
    account_id: str | None = None
    own_mailbox: str | None = None


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account that is here, and the one that is kept in its place."""

    id: str
    root_id: str
    root_number: int
    name: str
    core: str = ""
    domain: str = ""
    country: str = ""
    industry: str | None = None
    number_of_employees: int | None = None
    parent_id: str | None = None
    is_listed: bool = False
