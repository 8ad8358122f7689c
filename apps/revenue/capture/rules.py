"""The team's own rules of Capture: which forms there are, who posts webhooks and how he proves it, what goes where."""

import re
from collections.abc import Iterable, Iterator

from atoll import Choice, Value

from .details import FIELD_NAMES

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
TARGETS_OF_INPUTS = FIELD_NAMES | {"name"}
_WORD, _CHOSEN = r"[^.\[\]]+", r"\[(?:\d{1,4}|[^.\[\]=]+=[^\[\]]+)\]"
STEP = re.compile(f"{_CHOSEN}|{_WORD}")
PATH = re.compile(rf"(?:{_WORD}|{_CHOSEN})(?:\.{_WORD}|{_CHOSEN})*")
PLACES = frozenset({"id", "timestamp", "body"})


def _check_name(kind: str, name: str) -> None:
    if not NAME.fullmatch(name):
        raise ValueError(f"a {kind} is named `{name}`: use a-z, 0-9, _ and -, since it is part of an address")


def _check_fields(where: str, targets: Iterable[str], more: frozenset[str] = frozenset()) -> None:
    for target in targets:
        if target not in TARGETS_OF_INPUTS | more:
            raise ValueError(f"{where} fills `{target}`, which is none of {_listed(TARGETS_OF_INPUTS | more)}")


def _repeated(names: list[str]) -> Iterator[str]:
    return (name for name in dict.fromkeys(names) if names.count(name) > 1)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


class Scheme(Choice):
    """How a source proves that it is one."""

    STANDARD_WEBHOOKS = "standard_webhooks"
    """Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,...`, with a secret `whsec_...`."""
    HMAC = "hmac"
    """A keyed digest of what was sent, in a header."""
    API_KEY = "api_key"
    """The secret itself, in a header."""
    UNKNOWN = "unknown"


class Digest(Choice):
    """By which hash a signature is made."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"
    UNKNOWN = "unknown"


class Coding(Choice):
    """How a signature is written."""

    HEX = "hex"
    BASE64 = "base64"
    UNKNOWN = "unknown"


class Signature(Value):
    """How webhooks of a source are proven. `secret` is a name in the service's settings, never the secret itself.

    The other fields are for `hmac` and `api_key`. `header` holds the signature or the key, after `prefix`; where it
    holds several parted by commas or blanks, as in `t=1735,v1=5f2c`, those that begin with the prefix count. `signed`
    is what is signed, of `{id}`, `{timestamp}` and `{body}`. The timestamp, in seconds or milliseconds since 1970, is
    in `timestamp_header`, or in the signature's own header behind `timestamp_prefix`; one that is more than
    `tolerance_s` seconds away is refused. `id_header` names the delivery, so that none takes effect twice.
    """

    secret: str
    scheme: Scheme = Scheme.STANDARD_WEBHOOKS
    header: str = ""
    prefix: str = ""
    digest: Digest = Digest.SHA256
    coding: Coding = Coding.HEX
    signed: str = "{body}"
    id_header: str = ""
    timestamp_header: str = ""
    timestamp_prefix: str = ""
    tolerance_s: int = 300

    def __post_init__(self) -> None:
        """Refuse what could prove nothing."""
        if not NAME.fullmatch(self.secret):
            raise ValueError(
                f"`secret` is `{self.secret}`: write the name under which the settings have the secret"
                " (a-z, 0-9, _ and -), and the secret itself into REVENUE_CAPTURE_SECRETS"
            )
        if self.scheme is Scheme.UNKNOWN or self.digest is Digest.UNKNOWN or self.coding is Coding.UNKNOWN:
            raise ValueError(
                "`scheme`, `digest` or `coding` is a word that is not known: choose one that the schema lists"
            )
        if not 0 < self.tolerance_s <= 86_400:
            raise ValueError(f"`tolerance_s` is {self.tolerance_s}: give seconds from 1 to 86400")
        if self.scheme is not Scheme.STANDARD_WEBHOOKS and not self.header:
            raise ValueError("`header` is missing: name the header that holds the signature or the key")
        if self.scheme is Scheme.HMAC:
            self._check_signed()

    def _check_signed(self) -> None:
        named = re.findall(r"\{([^{}]*)\}", self.signed)
        if "body" not in named or not set(named) <= PLACES:
            raise ValueError(
                f"`signed` is `{self.signed}`: write it of {{id}}, {{timestamp}} and {{body}}, the last always"
            )
        if "id" in named and not self.id_header:
            raise ValueError("`signed` names {id}: say in `id_header` which header has it")
        has_timestamp = bool(self.timestamp_header or self.timestamp_prefix)
        if ("timestamp" in named) is not has_timestamp:
            raise ValueError(
                "`signed` names {timestamp} and a header has it, or neither: one that is not signed proves nothing;"
                " mend `signed`, `timestamp_header` and `timestamp_prefix`"
            )


class Source(Value):
    """Somebody who posts webhooks to `/webhooks/{name}`.

    `fields` says which part of a payload fills which field of a lead (or `name`, a whole name): `email:
    payload.invitee.email`. A path has names between dots, `[0]` for one of a list, and `[name=email]` for the one in a
    list that says so. Without `fields`, parts are mapped by what they are called, as columns of files are.
    `attributes` keeps further parts under names of your own. `only` names parts that have to say something: a payload
    that says something else is kept, and makes no lead. `lead_source` is what leads of it are said to come from.
    """

    name: str
    signature: Signature
    fields: dict[str, str] = {}  # noqa: RUF012  # msgspec copies defaults
    attributes: dict[str, str] = {}  # noqa: RUF012  # msgspec copies defaults
    only: dict[str, str] = {}  # noqa: RUF012  # msgspec copies defaults
    lead_source: str | None = None

    def __post_init__(self) -> None:
        """Refuse names that no path has, fields that no lead has, and paths that lead nowhere."""
        _check_name("source", self.name)
        _check_fields(f"the source `{self.name}`", self.fields)
        for path in (*self.fields.values(), *self.attributes.values(), *self.only):
            if not PATH.fullmatch(path):
                raise ValueError(
                    f"the source `{self.name}` names the part `{path}`: write names between dots, [0] or [name=value]"
                )


class Form(Value):
    """A form on a page, which posts to `/forms/{name}`.

    `fields` says which input fills which field of a lead, for inputs whose names do not say it themselves. Where the
    hidden input `honeypot` is filled in, and where `seconds` (an input in which the page says how long the visitor
    took) is less than `seconds_min`, a program has done it: it is counted, and no lead. With `needs_seconds` it has to
    be there. `consent_text` is the wording beside the box named `consent`; ticking it gives the lead that text, and the
    time.
    """

    name: str
    fields: dict[str, str] = {}  # noqa: RUF012  # msgspec copies defaults
    honeypot: str = "fax"
    seconds: str = "seconds"
    seconds_min: float = 2.0
    needs_seconds: bool = False
    consent: str = "consent"
    consent_text: str | None = None
    lead_source: str | None = "Web"

    def __post_init__(self) -> None:
        """Refuse names that no path has, and fields that no lead has."""
        _check_name("form", self.name)
        _check_fields(f"the form `{self.name}`", self.fields.values(), more=frozenset({"attribute", "ignore"}))
        if not 0 <= self.seconds_min <= 3_600:
            raise ValueError(
                f"the form `{self.name}` has `seconds_min: {self.seconds_min}`: give seconds from 0 to 3600"
            )


class CaptureRules(Value):
    """What comes in by which door, and what goes where. `columns` sends columns of all files, by their names."""

    forms: tuple[Form, ...] = (Form(name="website"),)
    sources: tuple[Source, ...] = ()
    columns: dict[str, str] = {}  # noqa: RUF012  # msgspec copies defaults

    def __post_init__(self) -> None:
        """Refuse two of one name, and columns that go nowhere."""
        for kind, names in (
            ("form", [each.name for each in self.forms]),
            ("source", [each.name for each in self.sources]),
        ):
            for name in _repeated(names):
                raise ValueError(f"there are two {kind}s named `{name}`: give one of them another name")
        known = TARGETS_OF_INPUTS | {"attribute", "ignore"}
        for column, target in self.columns.items():
            if target not in known:
                raise ValueError(f"the column `{column}` goes to `{target}`, which is none of {_listed(known)}")

    def form(self, name: str) -> Form | None:
        """The form of this name."""
        return next((form for form in self.forms if form.name == name), None)

    def source(self, name: str) -> Source | None:
        """The source of this name."""
        return next((source for source in self.sources if source.name == name), None)


def steps_of(path: str) -> tuple[str, ...]:
    """The steps of a path: names, and what stands in brackets with them.

    >>> steps_of("payload.answers[name=email].values[0]")
    ('payload', 'answers', '[name=email]', 'values', '[0]')
    """
    return tuple(STEP.findall(path))
