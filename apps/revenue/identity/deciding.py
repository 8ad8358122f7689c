"""Who a lead is: by its keys, by whom it was before, by whom it is like. Pure; what is known is given."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from .addresses import address_of
from .contract import Band, Match
from .known import Known
from .record import Record
from .weighing import Judgement, sentences

PAIRS_MAX = 3
"""So many likely ones are laid before a person, at most, for one lead."""
RIVALS_BITS = 1.0
"""Two are equally like where their evidence differs by less."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact that a lead was compared with, by what one of its own leads says."""

    contact: Known
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contacts that may be one; `one` None is the contact that the lead gets."""

    one: Known | None
    other: Known
    bits: float
    why: tuple[str, ...]


@dataclass(slots=True)
class Decision:
    """The contact that a lead gets (None: a new one), how sure that is, and what else follows."""

    chosen: Known | None = None
    band: Band = Band.DISTINCT
    why: list[str] = field(default_factory=list[str])
    joins: list[Pair] = field(default_factory=list[Pair])
    pairs: list[Pair] = field(default_factory=list[Pair])


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when a lead is to be decided.

    `owners` are the contacts that its keys name, with each key in words, the surest first; `home` is the contact that
    it had before; `apart` are pairs of kept contacts that somebody has parted.
    """

    record: Record
    owners: Sequence[tuple[str, Known]] = ()
    home: Known | None = None
    home_is_left_empty: bool = False
    candidates: Sequence[Candidate] = ()
    apart: Collection[frozenset[str]] = ()


def decide(situation: Situation) -> Decision:
    """Keys first, then who it was before, then whom it is like."""
    decision = Decision()
    mailbox = own_mailbox(situation.record)
    if situation.owners:
        _by_keys(situation, decision)
    elif situation.home is not None:
        decision.chosen, decision.band = situation.home, Band.AUTO
        decision.why.append("It is the lead that it was, and none of its keys says otherwise.")
    _by_likeness(situation, decision, mailbox)
    if decision.chosen is None:
        decision.why.append("Nobody who is here is surely the same: it is a new contact.")
        decision.band = Band.REVIEW if decision.pairs else Band.DISTINCT
    return decision


def own_mailbox(record: Record) -> str | None:
    """The address that is this person's alone."""
    return record.email.text if record.email and record.email.is_personal else None


def conflict(one: str | None, other: str | None) -> bool:
    """Whether these are the mailboxes of two: different, and not only in what stands after a plus.

    >>> conflict("ada@a.com", "ada+fair@a.com"), conflict("ada@a.com", "ada@b.com"), conflict(None, "ada@b.com")
    (False, True, False)
    """
    if one is None or other is None or one == other:
        return False
    first, second = address_of(one), address_of(other)
    return first is None or second is None or (first.base, first.domain) != (second.base, second.domain)


def _by_keys(situation: Situation, decision: Decision) -> None:
    """The surest key decides, but a lead that one of its keys knows stays where it is."""
    roots = {known.root_id for _, known in situation.owners}
    word, chosen = situation.owners[0]
    home = situation.home
    if home is not None and home.root_id in roots:
        chosen = home
        decision.why.append("It is the lead that it was, and its keys say so, too.")
    else:
        decision.why.append(f"Its {word} is that of contact {chosen.root_id}.")
    decision.chosen, decision.band = chosen, Band.AUTO
    for word, other in situation.owners:
        if other.root_id != chosen.root_id:
            _join_or_ask(
                situation, decision, other, 0.0, (f"One lead has the keys of both: its {word} is the other's.",)
            )
    if home is not None and home.root_id not in roots:
        decision.why.append(f"Before, it was contact {home.root_id}; its keys say otherwise now.")
        if situation.home_is_left_empty and home.mailbox is None:
            _join_or_ask(situation, decision, home, 0.0, ("Its only lead is the other contact's.",))


def _by_likeness(situation: Situation, decision: Decision, mailbox: str | None) -> None:
    """The likest one is joined, where that is sure and nothing forbids it; others that may be the same are told."""
    best = _best_of_each(situation.candidates)
    if decision.chosen is None and _are_rivals(best[:2], situation.apart):
        for each in best[:2]:
            _ask(decision, each.contact, each.judgement.bits, (*sentences(each.judgement), TWO_ALIKE))
        return
    for candidate in best:
        contact, judgement = candidate.contact, candidate.judgement
        if decision.chosen is not None and contact.root_id == decision.chosen.root_id:
            continue
        why = tuple(sentences(judgement))
        if decision.chosen is not None:
            _join_or_ask(situation, decision, contact, judgement.bits, why, is_sure=judgement.band is Band.AUTO)
        elif judgement.band is not Band.AUTO:
            _ask(decision, contact, judgement.bits, why)
        elif conflict(mailbox, contact.mailbox):
            _ask(decision, contact, judgement.bits, (*why, TWO_MAILBOXES))
        else:
            decision.chosen, decision.band = contact, Band.AUTO
            decision.why += [f"It is like contact {contact.root_id}.", *why]


TWO_MAILBOXES = "But both have mailboxes of their own, which differ: such are never joined by themselves."
TWO_ALIKE = "But it is as much like another one, who is not the same: somebody has to say which."


def _join_or_ask(
    situation: Situation, decision: Decision, other: Known, bits: float, why: tuple[str, ...], *, is_sure: bool = True
) -> None:
    """Two contacts that are here are joined by themselves only where neither mailboxes nor a person forbid it."""
    chosen = decision.chosen
    assert chosen is not None
    joined = [join.other for join in decision.joins]
    if other.root_id in {each.root_id for each in joined}:
        return
    if any(frozenset((each.root_id, other.root_id)) in situation.apart for each in (chosen, *joined)):
        return
    mailboxes = (chosen.mailbox, own_mailbox(situation.record), *(each.mailbox for each in joined))
    if not is_sure:
        _ask(decision, other, bits, why)
    elif any(conflict(each, other.mailbox) for each in mailboxes):
        _ask(decision, other, bits, (*why, TWO_MAILBOXES))
    else:
        decision.joins.append(Pair(chosen, other, bits, why))


def _ask(decision: Decision, other: Known, bits: float, why: tuple[str, ...]) -> None:
    if len(decision.pairs) < PAIRS_MAX and all(pair.other.root_id != other.root_id for pair in decision.pairs):
        decision.pairs.append(Pair(decision.chosen, other, bits, why))


def _best_of_each(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Of each contact the lead that is likest, of those that may be the same; the surest and likest first."""
    best: dict[str, Candidate] = {}
    for each in candidates:
        root_id = each.contact.root_id
        if each.judgement.band is not Band.DISTINCT and (root_id not in best or _rank(each) < _rank(best[root_id])):
            best[root_id] = each
    return sorted(best.values(), key=_rank)


def _rank(candidate: Candidate) -> tuple[bool, float, int]:
    judgement = candidate.judgement
    return judgement.band is not Band.AUTO, -judgement.bits, candidate.contact.root_number


def _are_rivals(best: Sequence[Candidate], apart: Collection[frozenset[str]]) -> bool:
    """Whether a lead is as much like two who are known not to be one, as father and son may be."""
    if len(best) < 2 or any(each.judgement.band is not Band.AUTO for each in best):
        return False
    one, other = (each.contact for each in best)
    is_close = abs(best[0].judgement.bits - best[1].judgement.bits) < RIVALS_BITS
    return is_close and (frozenset((one.root_id, other.root_id)) in apart or conflict(one.mailbox, other.mailbox))


def matches(situation: Situation) -> tuple[Match, ...]:
    """Everybody who was looked at, the likest first, each with the reasons."""
    return tuple(
        Match(
            id=each.contact.root_id,
            band=each.judgement.band,
            bits=each.judgement.bits,
            why=tuple(sentences(each.judgement)),
        )
        for each in sorted(situation.candidates, key=_rank)
    )
