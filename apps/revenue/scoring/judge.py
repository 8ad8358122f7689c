"""From what is known of a lead to its parts: the rules of one version, made ready once, and asked for every lead."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from revenue.capture.contract import Lead
from revenue.enrichment.contract import Certainty, Profile, Topic

from .prediction import Predictor, Values
from .reasons import Part, reasons_of
from .rule import Dimension, Rule
from .rules import ScoringRules
from .touches import Touch, faded
from .words import Test, test_of

Evidence: TypeAlias = Mapping[str, str]
"""What rules look at: the value under each name that has one."""

SURENESS = {Certainty.CERTAIN: 0, Certainty.LIKELY: 1, Certainty.GUESS: 2, Certainty.UNKNOWN: 3}


class Model(NamedTuple):
    """A learnt model in use."""

    version: int
    predictor: Predictor


class Line(NamedTuple):
    """A rule, ready to be asked."""

    name: str
    key: str
    test: Test
    points: int
    sentence: str
    quotes: bool
    group: str | None
    times_max: int
    of_none: bool
    """Whether it speaks where there is no value."""


class Judge:
    """Rules that are made ready. Has no state beside them."""

    def __init__(self, rules: ScoringRules) -> None:
        self.rules = rules
        several = rules.rules
        self._fit = [_line(rule, rules) for rule in several if rule.dimension is Dimension.FIT]
        engagement = [rule for rule in several if rule.dimension is Dimension.ENGAGEMENT]
        self._once = [_line(rule, rules) for rule in engagement if not rule.is_of_touches]
        self._touch = [_line(rule, rules) for rule in engagement if rule.is_of_touches]
        self._said = sorted({line.key for line in self._touch})
        looked_at = sorted({rule.looks_at for rule in several if not rule.is_of_touches})
        split = [key.partition(".") for key in looked_at]
        self._fields = [(key, name) for key, (kind, _, name) in zip(looked_at, split, strict=True) if kind == "lead"]
        self._attributes = [
            (key, name) for key, (kind, _, name) in zip(looked_at, split, strict=True) if kind == "attribute"
        ]
        self._topics = {Topic(name): f"fact.{name}" for kind, _, name in split if kind == "fact"}

    def evidence(self, lead: Lead, profile: Profile) -> dict[str, str]:
        """What the rules look at, of what is known; of facts the surest."""
        found: dict[str, str] = {}
        for key, name in self._fields:
            value = getattr(lead, name)
            if value is not None and value != "":
                found[key] = value if type(value) is str else str(value)
        if self._attributes and lead.attributes:
            for key, name in self._attributes:
                if value := lead.attributes.get(name):
                    found[key] = value
        _add_facts(found, profile, self._topics)
        return found

    def fit(self, evidence: Evidence) -> list[Part]:
        """The rules of fit that speak."""
        return _spoken(self._fit, evidence)

    def engaged(self, evidence: Evidence, touches: Sequence[Touch], now: datetime) -> list[Part]:
        """The rules of engagement that speak, faded until now. The latest touch is the first."""
        if not touches:
            return []
        half_life = self.rules.half_life_days
        left = faded(touches[0].at, now, half_life)
        parts = [Part(name, exact * left, text) for name, exact, text in _spoken(self._once, evidence)]
        seen: dict[str, _Seen] = {}
        for touch in touches:
            left = faded(touch.at, now, half_life)
            said = {key: value for key in self._said if (value := getattr(touch, key))}
            for line, value in _speaking(self._touch, said):
                found = seen.get(line.name)
                if found is None:
                    seen[line.name] = _Seen(line, value, left)
                else:
                    found.add(left)
        parts += [each.part() for each in seen.values()]
        return parts


class _Seen:
    """A rule that has spoken of touches: of what last, how often, and what is left of those that count."""

    __slots__ = ("counted", "left", "line", "times", "value")

    def __init__(self, line: Line, value: str, left: float) -> None:
        self.line, self.value, self.left = line, value, left
        self.times = self.counted = 1

    def add(self, left: float) -> None:
        """It has spoken once more, of an earlier touch."""
        self.times += 1
        if self.counted < self.line.times_max:
            self.counted += 1
            self.left += left

    def part(self) -> Part:
        """What it counts, and why."""
        line = self.line
        sentence = line.sentence.replace("{value}", self.value) if line.quotes else line.sentence
        if self.times > 1:
            sentence += f" {self.times} times"
            sentence += "." if self.counted == self.times else f", of which {self.counted} count."
        return Part(line.name, line.points * self.left, sentence)


_JUDGES: dict[int, Judge] = {}
JUDGES_MAX = 8


def judge_of(rules: ScoringRules) -> Judge:
    """The judge of some rules, made once. They are known by identity: to compare them all would cost more."""
    found = _JUDGES.get(id(rules))
    if found is None or found.rules is not rules:
        if len(_JUDGES) >= JUDGES_MAX:
            _JUDGES.clear()
        found = _JUDGES[id(rules)] = Judge(rules)
    return found


def values_of(lead: Lead, profile: Profile) -> Values:
    """What a lead says under the name of a model's column: `lead.`, `fact.`, `attribute.`; a field, or an attribute."""
    facts: dict[str, str] = {}
    _add_facts(facts, profile, {topic: f"fact.{topic}" for topic in Topic})

    def value(column: str) -> str | None:
        kind, dot, name = column.partition(".")
        if dot and kind == "fact":
            return facts.get(column)
        if dot and kind == "attribute":
            return lead.attributes.get(name) or None
        field = name if dot and kind == "lead" else column
        found = getattr(lead, field, None) if field in Lead.__struct_fields__ else lead.attributes.get(column)
        return str(found) if found not in (None, "") else None

    return value


def with_model(parts: Sequence[Part], model: Model, weight: float, values: Values) -> tuple[list[Part], float]:
    """Rules and a model together, each between 0 and 100 and with its weight; and the probability of a good outcome."""
    probability, told = model.predictor.told(values, model.version)
    return [*_weighted(parts, 1 - weight), *_weighted(told, weight)], probability


def _weighted(parts: Sequence[Part], weight: float) -> list[Part]:
    """Parts of the points on the scale, what is held back among them, times a weight."""
    if not weight:
        return []
    held, reasons = reasons_of(parts, Dimension.FIT)
    bounds = reasons[len(parts) :]
    total = sum(part.exact for part in parts)
    several = [Part(name, exact * weight, sentence) for name, exact, sentence in parts]
    several += [Part(bound.rule, (held - total) * weight, bound.sentence) for bound in bounds]
    return several


def _line(rule: Rule, rules: ScoringRules) -> Line:
    key = rule.looks_at.partition(".")[2] if rule.is_of_touches else rule.looks_at
    times_max = rule.times_max or rules.repeats_max
    quotes = "{value}" in rule.sentence
    test = test_of(rule.when)
    return Line(rule.name, key, test, rule.points, rule.sentence, quotes, rule.group, times_max, test(None))


def _speaking(lines: Iterable[Line], evidence: Evidence) -> list[tuple[Line, str]]:
    """The lines that speak, of each group the first, and what made them."""
    found: list[tuple[Line, str]] = []
    decided: set[str] = set()
    get = evidence.get
    for line in lines:
        _, key, test, _, _, _, group, _, of_none = line
        value = get(key)
        if (value is None and not of_none) or (group is not None and group in decided):
            continue
        if test(value):
            if group is not None:
                decided.add(group)
            found.append((line, value or ""))
    return found


def _spoken(lines: Iterable[Line], evidence: Evidence) -> list[Part]:
    return [
        Part(line.name, line.points, line.sentence.replace("{value}", value) if line.quotes else line.sentence)
        for line, value in _speaking(lines, evidence)
    ]


def _add_facts(found: dict[str, str], profile: Profile, topics: Mapping[Topic, str]) -> None:
    """The surest fact of each topic; of equally sure ones the first."""
    sure: dict[str, int] = {}
    for fact in profile.facts:
        key = topics.get(fact.topic)
        if key is None:
            continue
        rank = SURENESS[fact.certainty]
        if rank < sure.get(key, 9):
            sure[key] = rank
            found[key] = fact.value
