"""The team's rules of what is asked of whom: Values that people write as files, and every mistake that one can hold."""

import math
import re

import msgspec

from atoll import Choice, Value

from .facts import Certainty, Mailbox, Topic

BUILT_IN = ("given", "mail_domain", "website", "phone_number")
"""What is looked at for every lead, before anybody is asked; it costs nothing."""
DIRECTORY = "company_directory"
"""The table of companies that the team has imported."""
SAMPLES = ("sample_cheap", "sample_thorough")
"""Made-up vendors, which make values up."""
SHIPPED = ("twilio_lookup",)
"""Definitions that come with the service; they are off as long as their key is not set."""

INPUTS = frozenset(
    "email domain company phone first_name last_name title city state country postal_code street website".split()
)
"""What a provider can be told: `{email}` in its definition stands for the lead's."""

EVERYBODY = "everybody"
"""The segment of leads that no other fits."""

SECRET_HEADERS = re.compile(r"authorization|api[-_]?key|token|secret|cookie|password|signature", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\{(?:(secret|basic):)?([A-Za-z_][A-Za-z0-9_]*)\}")
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
PATH = re.compile(r"[^.\[\]]+(\[\d{1,3}\])?(\.[^.\[\]]+(\[\d{1,3}\])?)*|\[\d{1,3}\](\.[^.\[\]]+(\[\d{1,3}\])?)*")
ADDRESS = re.compile(r"(https?)://([^/?#{}@\s\\]+)(/[^\s\\#]*)?(\?[^\s\\#]*)?")
NEVER_ASKED = frozenset({Topic.UNKNOWN, Topic.EMAIL_FAULT, Topic.PHONE_FAULT, Topic.EMAIL_TAG, Topic.MAILBOX})
MICROS_MAX = 10**15


def _fields() -> str:
    return ", ".join(sorted(str(topic) for topic in Topic if topic not in NEVER_ASKED))


def _name(name: str, what: str) -> None:
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{what} has small letters, digits and _, and 40 at most: `{name[:60]}` has not")


def _path(path: str, what: str) -> None:
    if PATH.fullmatch(path) is None or len(path) > 200:
        raise ValueError(f"{what} is names with dots and numbers, such as person.phones[0].number")


def _micros(amount: int, what: str) -> None:
    if not 0 <= amount <= MICROS_MAX:
        raise ValueError(f"{what} is a number of millionths of the currency, 0 at least")


def _once(names: list[str], what: str) -> None:
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"the {what} `{twice[0]}` stands there twice")


class Charge(Choice):
    """What an answer is that a provider charges for."""

    HIT = "hit"
    MISS = "miss"
    REFUSED = "refused"
    """It answered, and no value of its answer held: leave this out where such an answer is given back the price."""
    FAILED = "failed"
    UNKNOWN = "unknown"


class ProviderRule(Value):
    """Somebody who is asked by HTTP: the request, where in the answer the fields are, and what it costs.

    In `url`, `headers`, `query` and `body` a word in braces stands for what the lead says: `{email}`, `{domain}`,
    `{company}`, `{phone}`, `{first_name}`, ...; a lead that lacks one of them is not asked about. `{secret:NAME}` is
    the secret of that name in the service's setting `secrets`, and `{basic:NAME}` the same one (`user:password`) in
    the form of basic authentication. A definition whose secret is not set is off. `body` is JSON, as text.

    `fields` says where in the JSON of the answer a field is, with names, dots and numbers: `person.phones[0].number`.
    An answer with one of `miss_statuses`, or with nothing at `found_when` where that is given, is a miss.

    `price_micros` is the price of one call in millionths of the currency (8000 is 0.008), `charged_for` which answers
    cost it. `idempotency_header` is for providers who promise to do a request with the same key once: only they are
    asked again after a call that was not answered. Values are as sure as `certainty` says, and are asked for anew
    after `maximum_age_days`; a miss after `miss_age_days`.
    """

    name: str
    url: str
    method: str = "GET"
    headers: dict[str, str] = {}  # noqa: RUF012  # msgspec copies it
    query: dict[str, str] = {}  # noqa: RUF012  # as above
    body: str = ""
    fields: dict[str, str] = {}  # noqa: RUF012  # as above
    found_when: str = ""
    miss_statuses: tuple[int, ...] = (404,)
    price_micros: int = 0
    charged_for: tuple[Charge, ...] = (Charge.HIT, Charge.REFUSED)
    rate_per_s: float = 5.0
    timeout_s: float = 2.0
    idempotency_header: str = ""
    certainty: Certainty = Certainty.LIKELY
    maximum_age_days: int = 90
    miss_age_days: int = 30
    is_on: bool = True

    def __post_init__(self) -> None:
        """Refuse what could not be asked, and secrets that stand in a file."""
        here = f"provider `{self.name}`"
        _name(self.name, "a provider's name")
        if self.name in (*BUILT_IN, DIRECTORY, *SAMPLES):
            raise ValueError(f"{here}: this name is built in; choose another one")
        if ADDRESS.fullmatch(self.url) is None:
            raise ValueError(f"{here}: its url has to be https://host/path, with no placeholder in the host")
        if self.method not in ("GET", "POST"):
            raise ValueError(f"{here}: its method is GET or POST")
        self._check_words(here)
        self._check_body(here)
        if not self.fields:
            raise ValueError(f"{here}: name at least one field, such as `fields: {{industry: company.industry}}`")
        for field, path in self.fields.items():
            if Topic(field) in NEVER_ASKED:
                raise ValueError(f"{here}: there is no field `{field}`; fields are {_fields()}")
            _path(path, f"{here}: the path of `{field}`")
        if self.found_when:
            _path(self.found_when, f"{here}: `found_when`")
        self._check_numbers(here)

    @property
    def needs(self) -> tuple[str, ...]:
        """What a lead has to say so that it can be asked about."""
        return tuple(sorted({word for kind, word in self._placeholders() if not kind}))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it needs."""
        return tuple(sorted({word for kind, word in self._placeholders() if kind}))

    def _placeholders(self) -> list[tuple[str, str]]:
        texts = (self.url, *self.headers.values(), *self.query.values(), self.body)
        return [found for text in texts for found in PLACEHOLDER.findall(text)]

    def _check_words(self, here: str) -> None:
        unknown = [word for kind, word in self._placeholders() if not kind and word not in INPUTS]
        if unknown:
            raise ValueError(f"{here}: nothing fills {{{unknown[0]}}}; there are {', '.join(sorted(INPUTS))}")
        if not self.needs:
            raise ValueError(
                f"{here}: its request says nothing of the lead; write {{email}} or {{domain}} where it goes"
            )
        for name, value in self.headers.items():
            if HEADER.fullmatch(name) is None or "\n" in value or "\r" in value or not value.isascii():
                raise ValueError(f"{here}: `{name}` is no header that can be sent")
            if SECRET_HEADERS.search(name) and not re.search(r"\{(secret|basic):", value):
                raise ValueError(
                    f"{here}: the header `{name}` holds a secret; write {{secret:NAME}}, and set NAME in `secrets`"
                )
        for name, value in self.query.items():
            if SECRET_HEADERS.search(name) and "{" not in value:
                raise ValueError(f"{here}: `{name}` of the query holds a secret; write {{secret:NAME}}")
        if self.idempotency_header and HEADER.fullmatch(self.idempotency_header) is None:
            raise ValueError(f"{here}: `{self.idempotency_header}` is no name of a header")

    def _check_body(self, here: str) -> None:
        if not self.body:
            return
        if self.method == "GET":
            raise ValueError(f"{here}: a GET has no body; write `method: POST`")
        try:
            msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            raise ValueError(f"{here}: its body is no JSON; placeholders stand in quotes, as in {{...}}") from None

    def _check_numbers(self, here: str) -> None:
        _micros(self.price_micros, f"{here}: `price_micros`")
        for name, value, most in (
            ("rate_per_s", self.rate_per_s, 10_000.0),
            ("timeout_s", self.timeout_s, 20.0),
            ("maximum_age_days", self.maximum_age_days, 3_650),
            ("miss_age_days", self.miss_age_days, 3_650),
        ):
            if not (math.isfinite(value) and 0 < value <= most):
                raise ValueError(f"{here}: `{name}` has to be above 0, and {most:g} at most")
        if any(not 400 <= status <= 499 and status != 204 for status in self.miss_statuses):
            raise ValueError(f"{here}: `miss_statuses` are such as 404, or 204")
        if Charge.UNKNOWN in self.charged_for:
            raise ValueError(f"{here}: `charged_for` has hit, miss, refused and failed")
        if self.certainty not in (Certainty.LIKELY, Certainty.GUESS, Certainty.CERTAIN):
            raise ValueError(f"{here}: `certainty` is certain, likely or guess")


class Segment(Value):
    """Leads that are alike. All that is given has to hold; what is not known of a lead does not.

    `countries` are ISO codes, `mailboxes` company, free or disposable, `industries` words that its industry contains.
    """

    name: str
    countries: tuple[str, ...] = ()
    mailboxes: tuple[Mailbox, ...] = ()
    industries: tuple[str, ...] = ()
    number_of_employees_min: int | None = None
    number_of_employees_max: int | None = None

    def __post_init__(self) -> None:
        """Refuse conditions that nothing meets."""
        _name(self.name, "a segment's name")
        if self.name == EVERYBODY:
            raise ValueError(f"a segment cannot be called `{EVERYBODY}`: so are those called that no segment fits")
        if wrong := [code for code in self.countries if not re.fullmatch(r"[A-Z]{2}", code)]:
            raise ValueError(f"segment `{self.name}`: `{wrong[0]}` is no country code; write DE, GB, US, ...")
        if Mailbox.UNKNOWN in self.mailboxes:
            raise ValueError(f"segment `{self.name}`: mailboxes are company, free or disposable")
        low, high = self.number_of_employees_min, self.number_of_employees_max
        if low is not None and high is not None and low > high:
            raise ValueError(f"segment `{self.name}`: nobody has {low} employees at least and {high} at most")


class FieldRule(Value):
    """Who is asked for a field, one after the other, until there is a value that holds and is sure enough.

    `by_segment` has another order for a segment, by its name. `maximum_age_days` makes values of this field be asked
    for anew sooner than the provider's own does.
    """

    field: Topic
    providers: tuple[str, ...] = ()
    by_segment: dict[str, tuple[str, ...]] = {}  # noqa: RUF012  # msgspec copies it
    minimum_certainty: Certainty = Certainty.LIKELY
    maximum_age_days: int | None = None

    def __post_init__(self) -> None:
        """Refuse a field that nobody can be asked for."""
        if self.field in NEVER_ASKED:
            raise ValueError(f"there is no such field to ask for; fields are {_fields()}")
        for order in (self.providers, *self.by_segment.values()):
            if len(set(order)) < len(order):
                raise ValueError(f"field `{self.field}`: a provider stands twice in {', '.join(order)}")
        if self.minimum_certainty is Certainty.UNKNOWN:
            raise ValueError(f"field `{self.field}`: `minimum_certainty` is certain, likely or guess")
        if self.maximum_age_days is not None and not 0 < self.maximum_age_days <= 3_650:
            raise ValueError(f"field `{self.field}`: `maximum_age_days` has to be between 1 and 3650")

    def order(self, segment: str) -> tuple[str, ...]:
        """Whom to ask for a lead of this segment."""
        return self.by_segment.get(segment, self.providers)


class Budget(Value):
    """What may be spent at most, in millionths of the currency (1000000 is one euro, where that is the currency).

    A run is everything that is bought without a pause of `run_pause_minutes`: an import, as a rule. What is bought for
    a lead counts for ever, also where a value is asked for anew.
    """

    currency: str = "EUR"
    per_lead_micros: int = 100_000
    per_run_micros: int = 10_000_000
    per_month_micros: int = 100_000_000
    run_pause_minutes: int = 30

    def __post_init__(self) -> None:
        """Refuse what is no sum of money."""
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            raise ValueError("`currency` is a code of three letters (ISO 4217), such as EUR")
        for name in ("per_lead_micros", "per_run_micros", "per_month_micros"):
            _micros(getattr(self, name), f"budget: `{name}`")
        if not 0 < self.run_pause_minutes <= 1_440:
            raise ValueError("budget: `run_pause_minutes` has to be between 1 and 1440")


class KillSwitch(Value):
    """When a provider is left out for finding too little: fewer hits than `hit_rate_min` in its last `calls` answers.

    After `pause_minutes` one lead finds out whether it is better now, and so on. A rate of 0 never switches off.
    """

    hit_rate_min: float = 0.05
    calls: int = 100
    pause_minutes: int = 60

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        if not 0 <= self.hit_rate_min < 1:
            raise ValueError("kill_switch: `hit_rate_min` is a share such as 0.05, below 1")
        if not 10 <= self.calls <= 10_000:
            raise ValueError("kill_switch: `calls` has to be between 10 and 10000")
        if not 0 < self.pause_minutes <= 10_080:
            raise ValueError("kill_switch: `pause_minutes` has to be between 1 and 10080")


class EnrichmentRules(Value):
    """The team's rules of what is asked of whom: the providers' order for each field, and what may be spent.

    Without any, nobody is asked: what an address, a phone number and a website say by themselves costs nothing, and
    always comes first. Providers that can be named: those under `providers`, `company_directory` (the companies that
    were imported), `twilio_lookup` (off without its key), and the made-up `sample_cheap` and `sample_thorough`.

    A lead waits for answers up to `deadline_s`; who may take longer is asked afterwards, and the lead is enriched
    again.
    """

    fields: tuple[FieldRule, ...] = ()
    segments: tuple[Segment, ...] = ()
    providers: tuple[ProviderRule, ...] = ()
    budget: Budget = Budget()
    kill_switch: KillSwitch = KillSwitch()
    deadline_s: float = 3.0

    def __post_init__(self) -> None:
        """Refuse names of what is not there, and names that are there twice."""
        _once([rule.name for rule in self.providers], "provider")
        _once([segment.name for segment in self.segments], "segment")
        _once([str(rule.field) for rule in self.fields], "field")
        if not 0 < self.deadline_s <= 10:
            raise ValueError("`deadline_s` has to be above 0, and 10 at most: a lead waits so long for its owner")
        segments = {segment.name for segment in self.segments}
        known = {rule.name for rule in self.providers} | {*BUILT_IN, DIRECTORY, *SAMPLES, *SHIPPED}
        for rule in self.fields:
            if unknown := [name for name in rule.by_segment if name not in segments]:
                raise ValueError(f"field `{rule.field}`: there is no segment `{unknown[0]}`; add it to `segments`")
            for order in (rule.providers, *rule.by_segment.values()):
                if absent := [name for name in order if name not in known]:
                    raise ValueError(f"field `{rule.field}`: there is no provider `{absent[0]}`; add it to `providers`")
