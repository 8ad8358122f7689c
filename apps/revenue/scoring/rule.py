"""What a rule is: data that says what to look at, when it speaks, how many points it gives and why."""

import re

from atoll import Choice, Value
from revenue.capture.contract import Lead
from revenue.enrichment.contract import Topic

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
OTHER_PLACEHOLDER = re.compile(r"{(?!value})\w+}")
"""What people would be shown as it stands there."""
POINTS_MAX = 100
"""The scale ends here, and no rule gives or takes more."""

TOUCH_FIELDS = (
    "lead_source", "campaign", "landing_page", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
"""What is kept of every touch, by the names that a lead has for it."""

KNOWN = {
    "lead": frozenset(Lead.__struct_fields__) - {"attributes"},
    "fact": frozenset(str(topic) for topic in Topic),
    "touch": frozenset((*TOUCH_FIELDS, "kind")),
}
"""What can be looked at, by the word before the dot; behind `attribute.` may stand any name."""


class Dimension(Choice):
    """What points are for: who the lead is, or what it did. `BOTH` is what is held back of the two together."""

    FIT = "fit"
    ENGAGEMENT = "engagement"
    BOTH = "both"
    UNKNOWN = "unknown"


class When(Value):
    """What makes a rule speak: one of `one_of`, `has_word`, `present`, or a number with `at_least`, `at_most` or both.

    Words are compared in any case. `has_word` looks for words of their own, so that `vp` is not found in `mvp`.
    `present: false` speaks where there is no value.
    """

    one_of: tuple[str, ...] | None = None
    has_word: tuple[str, ...] | None = None
    at_least: float | None = None
    at_most: float | None = None
    present: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what never speaks, or could mean two things."""
        is_number = self.at_least is not None or self.at_most is not None
        given = (self.one_of is not None, self.has_word is not None, is_number, self.present is not None)
        if sum(given) != 1:
            raise ValueError("`when` needs one of one_of, has_word, present, or a number with at_least or at_most")
        for words in (self.one_of, self.has_word):
            if words is not None and not all(word.strip() for word in words or ("",)):
                raise ValueError("`when` has an empty list or an empty word: write the words that make it speak")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"no number is at least {self.at_least:g} and at most {self.at_most:g}: swap the two")


class Rule(Value):
    """One rule. `looks_at` names what is known: `lead.title`, `fact.mailbox`, `attribute.budget`, `touch.campaign`.

    `{value}` in the sentence stands for what made it speak. Of the rules in one `group` only the first that speaks
    counts, so that a chief executive gets no points as an executive again.

    A rule of engagement that looks at `touch.` counts for each touch (the lead came in, or came again), faded by its
    age; of more than `times_max` (the rules' `repeats_max` where it does not say) only the latest count. One that looks
    at something else counts once, faded by the age of the latest touch.
    """

    name: str
    looks_at: str
    when: When
    points: int
    sentence: str
    dimension: Dimension = Dimension.FIT
    group: str | None = None
    times_max: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not NAME.fullmatch(self.name):
            raise ValueError(f"the rule name `{self.name}` has to be lower-case letters, digits and _, 64 at most")
        self._check_looks_at()
        if not -POINTS_MAX <= self.points <= POINTS_MAX:
            raise ValueError(
                f"rule `{self.name}` gives {self.points} points: -{POINTS_MAX} to {POINTS_MAX} can be given"
            )
        if self.dimension not in (Dimension.FIT, Dimension.ENGAGEMENT):
            raise ValueError(f"rule `{self.name}` has to have the dimension fit or engagement")
        if not self.sentence.strip():
            raise ValueError(f"rule `{self.name}` has no sentence: say to people why it gives points")
        if wrong := OTHER_PLACEHOLDER.search(self.sentence):
            said = "only `{value}` is filled in, with what made it speak"
            raise ValueError(f"rule `{self.name}` has `{wrong[0]}` in its sentence: {said}")
        if self.times_max is not None and (self.times_max < 1 or not self.is_of_touches):
            raise ValueError(f"`times_max` of rule `{self.name}` is for what looks at `touch.`, and at least 1")

    @property
    def is_of_touches(self) -> bool:
        """Whether it counts for each touch."""
        return self.looks_at.startswith("touch.")

    def _check_looks_at(self) -> None:
        kind, _, field = self.looks_at.partition(".")
        if kind == "attribute" and field:
            return
        if kind not in KNOWN:
            known = ", ".join(f"{each}." for each in (*KNOWN, "attribute"))
            raise ValueError(f"rule `{self.name}` looks at `{self.looks_at}`: begin with one of {known}")
        if field not in KNOWN[kind]:
            known = ", ".join(sorted(KNOWN[kind]))
            raise ValueError(f"rule `{self.name}` looks at `{self.looks_at}`: `{kind}.` knows {known}")
        if kind == "touch" and self.dimension is Dimension.FIT:
            raise ValueError(f"rule `{self.name}` looks at touches: give it the dimension engagement")
