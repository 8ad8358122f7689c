"""The port of providers: what is asked, what is answered, and what an answer costs. Pure, but for who answers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from .contract import AttemptState, Certainty, Charge, Topic


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed with a provider; as in `ProviderRule`. `is_local` is one of our own, who costs nothing."""

    price_micros: int = 0
    charged_for: tuple[Charge, ...] = ()
    rate_per_s: float = 1_000.0
    timeout_s: float = 2.0
    is_idempotent: bool = False
    certainty: Certainty = Certainty.LIKELY
    maximum_age_days: int = 90
    miss_age_days: int = 30
    is_local: bool = False
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What a provider is asked: by `digest` the same question is known again, whichever lead it is about."""

    provider: str
    words: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider has answered: its values as they came.

    `FAILED` is an answer that cannot be used, `UNKNOWN` one that did not come, so that it may have been charged.
    `is_sent` is false where nothing has left, and nothing can have been charged. `retry_after_s` is for how long it
    wants to be left alone.
    """

    state: AttemptState
    values: Mapping[Topic, str] = field(default_factory=dict[Topic, str])
    detail: str = ""
    is_sent: bool = True
    retry_after_s: float | None = None


class Provider(Protocol):
    """Somebody who can be asked about leads.

    Promises: `ask` answers within the time that it is given, and raises nothing; whoever cancels it has not been
    answered.
    """

    @property
    def name(self) -> str:
        """By which rules name it."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """What it has to be told."""
        ...

    @property
    def fields(self) -> frozenset[Topic]:
        """What its answers may have."""
        ...

    @property
    def terms(self) -> Terms:
        """What is agreed with it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Of its definition: answers to another one are answers to other questions."""
        ...

    async def ask(self, question: Question, key: str, timeout_s: float) -> Answer:
        """The answer; `key` is the same for the same attempt, however often it is made."""
        ...


def question_of(provider: Provider, words: Mapping[str, str]) -> Question | None:
    """What to ask a provider about a lead that says these words; None where it lacks one that is needed.

    Words are compared without case and blanks, so that a company is asked about once however it is written.
    """
    wanted = {name: words.get(name, "") for name in provider.needs}
    if not all(wanted.values()):
        return None
    plain = {name: " ".join(value.split()).casefold() for name, value in wanted.items()}
    text = msgspec.json.encode([provider.name, provider.fingerprint, plain], order="sorted")
    return Question(provider.name, wanted, hashlib.sha256(text).hexdigest())


def cost_of(terms: Terms, state: AttemptState, *, is_sent: bool = True) -> int:
    """What an attempt has cost; one whose end is unknown counts as charged."""
    if not is_sent:
        return 0
    is_charged = state in (AttemptState.UNKNOWN, AttemptState.CALLING) or Charge(state) in terms.charged_for
    return terms.price_micros if is_charged else 0
