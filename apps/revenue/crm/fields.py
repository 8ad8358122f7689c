"""One field of a CRM: where its value comes from, in whose words, and who may write it."""

import msgspec

from atoll import Choice, Value
from revenue.capture.contract import Lead
from revenue.identity.contract import Resolution
from revenue.routing.contract import Assignment, Owner
from revenue.scoring.contract import Score

ATTRIBUTES = "lead.attributes."

PATHS = frozenset((
    *(f"lead.{name}" for name in Lead.__struct_fields__ if name != "attributes"),
    *(f"resolution.{name}" for name in Resolution.__struct_fields__ if name != "why"),
    *(f"score.{name}" for name in Score.__struct_fields__ if name != "reasons"),
    "score.why",
    *(f"assignment.{name}" for name in Assignment.__struct_fields__ if name not in ("details", "clock")),
    *(f"assignment.details.{name}" for name in Owner.__struct_fields__),
    "owner",
))  # fmt: skip
"""Where a value may come from, beside a lead's attributes (`lead.attributes.Budget`)."""


class Authority(Choice):
    """Who has the last word about a field."""

    REVENUE = "revenue"
    """Revenue: it is written in every record."""
    ORIGIN = "origin"
    """Whoever brought the record in: a record that came from the CRM keeps what the CRM says."""
    CRM = "crm"
    """The CRM: it is written once, when Revenue brings the record in, and left alone from then on."""
    UNKNOWN = "unknown"


class TooLong(Choice):
    """What becomes of a value that is longer than its field."""

    CUT = "cut"
    LEAVE_OUT = "leave_out"
    UNKNOWN = "unknown"


class Country(Choice):
    """How the CRM writes a country."""

    AS_GIVEN = "as_given"
    NAME = "name"
    """In English: `Germany`."""
    CODE = "code"
    """ISO 3166-1 alpha-2: `DE`."""
    UNKNOWN = "unknown"


class CrmField(Value):
    """What one field of the CRM says.

    `ours` are the places of its value, of which the first that holds one counts: `lead.company`, `assignment.status`,
    `lead.attributes.Budget`, `score.grade`, `owner` (what `owners` says of the lead's owner). `values` are the CRM's
    words for ours; with `only_values` what they do not name is left out. `otherwise` is written in new records that
    would lack a value. `stages` are the CRM's words in an order in which a record only moves forward; then the
    furthest of all places of `ours` counts. `country`: the value is a country, and is written so. Where nothing else
    is said, a value that is too long is cut, and whoever brought a record in has the authority.
    """

    ours: tuple[str, ...] = ()
    values: dict[str, str] = {}  # noqa: RUF012  # msgspec copies defaults
    only_values: bool | None = None
    otherwise: str | None = None
    length_max: int | None = None
    too_long: TooLong | None = None
    authority: Authority | None = None
    stages: tuple[str, ...] = ()
    country: Country | None = None

    def __post_init__(self) -> None:
        """Refuse places that there are not, and what cannot be."""
        for path in self.ours:
            if path not in PATHS and not (path.startswith(ATTRIBUTES) and len(path) > len(ATTRIBUTES)):
                near = ", ".join(sorted(each for each in PATHS if each.partition(".")[0] == path.partition(".")[0]))
                advice = f"one of {near}" if near else "`lead.company`, `score.points` or `owner`, say"
                raise ValueError(f"`ours` names `{path}`, which there is not: write {advice}")
        if self.length_max is not None and self.length_max < 1:
            raise ValueError(f"`length_max` is {self.length_max}: give 1 or more, or leave it out")
        if (strange := sorted(set(self.values.values()) - set(self.stages))) and self.stages:
            raise ValueError(f"`values` leads to `{strange[0]}`, which is none of `stages`: add it there")

    def overlaid(self, given: "CrmField") -> "CrmField":
        """This field, with what somebody says differently of it."""
        said = {name: value for name in self.__struct_fields__ if (value := getattr(given, name)) not in (None, (), {})}
        if given.values:
            said["values"] = self.values | given.values
        return msgspec.structs.replace(self, **said)
