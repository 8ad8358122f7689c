"""What a team writes down about its CRM: how records are known there, its fields, and who may write them."""

from collections.abc import Iterator, Mapping

from atoll import Choice, Value
from revenue.scoring.contract import Grade

from .fields import ATTRIBUTES as ATTRIBUTES
from .fields import PATHS, CrmField
from .fields import Authority as Authority
from .fields import Country as Country
from .fields import TooLong as TooLong
from .formulas import is_formula
from .shipped import HUBSPOT, SALESFORCE


class Formulas(Choice):
    """What becomes of a value that a spreadsheet would take for a formula when somebody opens the file with it."""

    LEAVE_OUT = "leave_out"
    WRITE = "write"
    """For files that no spreadsheet ever opens."""
    UNKNOWN = "unknown"


class CrmTarget(Value):
    """How one CRM is told. What is left out stays as it is shipped.

    `sources` are names of systems whose record ids are this CRM's own: such a lead is an update of that record, in the
    column `record_id`; of ids with other beginnings than `record_prefix` it is some other kind of record there. Every
    other lead is known by what stands at `key_from`, in the column `key`. `tells_key` writes the key into records that
    are known by their own id, too.

    `owners` are the CRM's words for whose a lead is, by a rep's id or a queue's name. `fields` adds fields, or changes
    those that are shipped, of which it need only say what is different; `leave_out` names those that are not to be
    told, `rename` gives them other names. `clear` is what empties a field; without it the CRM cannot be told that.
    `grades` are those of leads that a CRM is told of at all, where not of every one that has an owner.
    """

    sources: tuple[str, ...] = ()
    record_id: str = ""
    record_prefix: str = ""
    key: str = ""
    key_from: str = "lead.id"
    tells_key: bool = True
    clear: str | None = None
    owners: dict[str, str] = {}  # noqa: RUF012  # msgspec copies defaults
    fields: dict[str, CrmField] = {}  # noqa: RUF012  # as above
    leave_out: tuple[str, ...] = ()
    rename: dict[str, str] = {}  # noqa: RUF012  # as above
    grades: tuple[str, ...] = ()
    formulas: Formulas = Formulas.LEAVE_OUT

    def __post_init__(self) -> None:
        """Refuse what could not be written, all mistakes at once."""
        if mistakes := list(_mistakes(self)):
            raise ValueError("; also ".join(mistakes))

    def shipped(self) -> Mapping[str, CrmField]:
        """The fields that this kind of CRM comes with."""
        return {}

    def table(self) -> dict[str, CrmField]:
        """All fields that are told, by the CRM's names for them, in the order in which they are written."""
        merged = dict(self.shipped())
        for name, given in self.fields.items():
            merged[name] = merged[name].overlaid(given) if name in merged else given
        return {
            self.rename.get(name, name): field
            for name, field in merged.items()
            if name not in self.leave_out and name not in (self.key, self.record_id)
        }


class Salesforce(CrmTarget):
    """Leads of Salesforce, told by the Data Loader. `Revenue_Id__c` has to be there, as an external id."""

    sources: tuple[str, ...] = ("salesforce",)
    record_id: str = "Id"
    record_prefix: str = "00Q"
    key: str = "Revenue_Id__c"
    clear: str | None = "#N/A"

    def shipped(self) -> Mapping[str, CrmField]:
        """Fields of the Lead object, and custom ones of Revenue's."""
        return SALESFORCE


class Hubspot(CrmTarget):
    """Contacts of HubSpot, told by its import. They are known by their address, unless `key` is a property of yours."""

    sources: tuple[str, ...] = ("hubspot",)
    record_id: str = "Record ID"
    key: str = "email"
    key_from: str = "lead.email"
    tells_key: bool = False

    def shipped(self) -> Mapping[str, CrmField]:
        """Properties of contacts by their internal names, and custom ones of Revenue's."""
        return HUBSPOT


def _mistakes(target: CrmTarget) -> Iterator[str]:
    yield from _wrong_fields(target)
    yield from _wrong_columns(target)
    if target.key_from not in PATHS and not target.key_from.startswith(ATTRIBUTES):
        yield f"`key_from` is `{target.key_from}`, which there is not: write `lead.id`, or `lead.email`"
    grades = {grade.value for grade in Grade if grade is not Grade.UNKNOWN}
    for grade in target.grades:
        if grade not in grades:
            yield f"`grades` names `{grade}`, which is none: {', '.join(sorted(grades))}"


def _wrong_fields(target: CrmTarget) -> Iterator[str]:
    shipped = target.shipped()
    for name, field in target.fields.items():
        if name in (target.key, target.record_id):
            yield f"the field `{name}` is what records are known by: say where it comes from with `key_from`"
        elif name not in shipped and not field.ours:
            yield f"the field `{name}` is none that is shipped: say with `ours` where its value comes from"
        else:
            try:
                shipped.get(name, CrmField()).overlaid(field)
            except ValueError as mistake:
                yield f"the field `{name}`: {mistake}"


def _wrong_columns(target: CrmTarget) -> Iterator[str]:
    names = {*target.shipped(), *target.fields}
    for name in (*target.leave_out, *target.rename):
        if name not in names:
            yield f"there is no field `{name}` to leave out or to rename: it is one of {', '.join(sorted(names))}"
    own = [target.record_id, target.key]
    for name in (*own, *target.fields, *target.rename.values()):
        if not name.strip() or is_formula(name):
            yield f"a column cannot be called `{name}`: give it the name that the CRM has for it"
    written = own + [target.rename.get(name, name) for name in names.difference(target.leave_out, own)]
    for name in sorted({name for name in written if written.count(name) > 1}):
        yield f"two columns would be called `{name}`: rename one otherwise"


class CrmRules(Value):
    """The team's rules of what its CRM is told."""

    salesforce: Salesforce = Salesforce()
    hubspot: Hubspot = Hubspot()
