"""Settings: one typed value a service, read from environment and file, with all mistakes at once."""

import datetime
import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from atoll import Choice, Mistake, Personal, Settings
from atoll.kernel import Config, Source, read_settings

SECRET = "canary-7d1f"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """A nested value."""

    daily: int
    hourly: int = 10


class Mode(Choice):
    """A choice."""

    FAST = "fast"
    SAFE = "safe"
    UNKNOWN = "unknown"


class Level(enum.IntEnum):
    """An enum of numbers."""

    LOW = 1
    HIGH = 2


class Everything(Settings):
    """One setting of each kind."""

    batch_max: int = 50
    ratio: float = 0.5
    is_strict: bool = False
    name: str = "none"
    note: str | None = None
    count: int | None = None
    modes: tuple[Mode, ...] = ()
    mode: Mode = Mode.SAFE
    level: Level = Level.LOW
    colour: Literal["red", "green"] = "red"
    wait: datetime.timedelta = datetime.timedelta(seconds=1)
    limits: Limits = Limits(daily=1)
    by_name: Mapping[str, Limits] = {}  # msgspec copies it
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 1
    key: Personal[Mode] | None = None
    names: tuple[str, ...] = ()


class Required(Settings):
    """One that has to be given, and a rule."""

    url: str
    low: int = 0
    high: int = 9

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("`low` is above `high`")


BOTH: dict[str, type[Settings]] = {"scoring": Everything, "capture": Required}


def read(config: Config, kind: type[Settings] = Everything) -> Settings:
    """The settings of the service `scoring`, which must be sound."""
    values, mistakes = read_settings({"scoring": kind}, "revenue", config)
    assert not mistakes, mistakes
    return values["scoring"]


def mistakes_of(config: Config, kind: type[Settings] = Everything) -> list[Mistake]:
    """What is wrong with the settings of the service `scoring`, which gets none then."""
    values, mistakes = read_settings({"scoring": kind}, "revenue", config)
    assert not values
    return mistakes


def test_without_anything_given_a_setting_has_its_default() -> None:
    """A laptop needs no file."""
    assert read(Config({})) == Everything()


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("BATCH_MAX", "7", Everything(batch_max=7)),
        ("RATIO", "2", Everything(ratio=2.0)),
        ("IS_STRICT", "true", Everything(is_strict=True)),
        ("IS_STRICT", "1", Everything(is_strict=True)),
        ("NAME", "", Everything(name="")),
        ("NAME", "null", Everything(name="null")),
        ("NAME", "[x", Everything(name="[x")),
        ("NAME", "{}", Everything(name="{}")),
        ("NAME", "7", Everything(name="7")),
        ("NOTE", "text", Everything(note="text")),
        ("COUNT", "7", Everything(count=7)),
        ("COUNT", "null", Everything(count=None)),
        ("MODES", '["fast", "safe"]', Everything(modes=(Mode.FAST, Mode.SAFE))),
        ("MODE", "fast", Everything(mode=Mode.FAST)),
        ("MODE", "unknown", Everything(mode=Mode.UNKNOWN)),
        ("LEVEL", "2", Everything(level=Level.HIGH)),
        ("COLOUR", "green", Everything(colour="green")),
        ("WAIT", "PT5M", Everything(wait=datetime.timedelta(minutes=5))),
        ("WAIT", "5", Everything(wait=datetime.timedelta(seconds=5))),
        ("LIMITS", '{"daily": 3}', Everything(limits=Limits(daily=3))),
        ("BY_NAME", '{"a": {"daily": 3}}', Everything(by_name={"a": Limits(daily=3)})),
        ("NAMES", "[]", Everything(names=())),
    ],
)
def test_the_environment_says_a_setting_in_text(variable: str, text: str, expected: Everything) -> None:
    """Plain values as they are, lists and records as JSON."""
    assert read(Config({f"REVENUE_SCORING_{variable}": text})) == expected


def test_the_file_says_settings_in_its_own_types() -> None:
    """In a table for each service; records are tables below it."""
    text = """
        # Settings of the tests.
        [scoring]
        batch_max = 7                       # a comment
        ratio = 2
        is_strict = true
        modes = ["fast"]
        wait = "PT5M"
        limits.daily = 3
        [scoring.by_name.a]
        daily = 4
    """

    assert read(Config({}, text=text)) == Everything(
        batch_max=7,
        ratio=2.0,
        is_strict=True,
        modes=(Mode.FAST,),
        wait=datetime.timedelta(minutes=5),
        limits=Limits(daily=3),
        by_name={"a": Limits(daily=4)},
    )


def test_the_environment_beats_the_file() -> None:
    """An operator overrides what was committed, whatever it was."""
    config = Config({"REVENUE_SCORING_BATCH_MAX": "7"}, text="[scoring]\nbatch_max = 'wrong'\nratio = 0.25\n")

    assert read(config) == Everything(batch_max=7, ratio=0.25)


def test_a_dash_in_a_name_is_an_underscore_in_the_environment() -> None:
    """No shell can say the dash."""
    values, mistakes = read_settings({"scoring": Everything}, "my-app", Config({"MY_APP_SCORING_BATCH_MAX": "7"}))

    assert (values, mistakes) == ({"scoring": Everything(batch_max=7)}, [])


def test_variables_of_others_are_let_be() -> None:
    """The environment belongs to everybody."""
    foreign = {
        "PATH": "/bin",
        "REVENUE": "x",
        "REVENUE_SCORING": "x",
        "REVENUE_SCORINGS_X": "x",
        "OTHER_SCORING_X": "x",
    }

    assert read(Config(foreign)) == Everything()


@pytest.mark.parametrize(
    "variable",
    ["SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT_80_TCP", "PORT_80_TCP_PROTO", "PORT_80_TCP_ADDR"],
)
def test_what_kubernetes_sets_for_a_service_of_our_name_is_no_mistake(variable: str) -> None:
    """A Service called `revenue-scoring` puts these into every pod."""
    assert read(Config({f"REVENUE_SCORING_{variable}": "tcp://10.0.0.1:80"})) == Everything()


CASES = [
    ("BATCH_MAX", "'x'", "x", "expected `int`, got `str`", "give a value of type `int`"),
    ("BATCH_MAX", "1.5", "1.5", "expected `int`, got `", "give a value of type `int`"),
    ("IS_STRICT", "'yes'", "yes", "expected `bool`, got `str`", "give a value of type `bool`"),
    ("COUNT", "'x'", "x", "expected `int | null`, got `str`", "give a value of type `int | None`"),
    ("MODES", "'fast'", "fast", "expected `array`, got `str`", "give a value of type `tuple[Mode, ...]`"),
    ("MODES", "['fast', 'fsat']", '["fast", "fsat"]', "the word at `[1]` is not known", "of type `tuple[Mode, ...]`"),
    ("MODE", "'fsat'", "fsat", "the word is not known", "give one of fast, safe"),
    ("KEY", f"'{SECRET}'", SECRET, "the word is not known", "give a value of type `Mode | None`"),
    ("LEVEL", "3", "3", "the word is not known", "give one of 1, 2"),
    ("COLOUR", "'blue'", "blue", "the word is not known", "give one of red, green"),
    ("WAIT", "'soon'", "soon", "invalid ISO8601 duration", "give a value of type `timedelta`"),
    ("PORT", "0", "0", "expected `int` >= 1", "give a value of type `int`"),
    ("LIMITS", "{}", "{}", "object missing required field `daily`", "give a value of type `Limits`"),
    ("LIMITS", "{daily = 'x'}", '{"daily": "x"}', "expected `int`, got `str` - at `$.daily`", "`Limits`"),
    ("LIMITS", "{daily = 1, dialy = 2}", '{"daily": 1, "dialy": 2}', "`dialy` is not known", "`Limits`"),
    (
        "BY_NAME",
        "{a = {daily = 1, x = 2}}",
        '{"a": {"daily": 1, "x": 2}}',
        "`a.x` is not known",
        "Mapping[str, Limits]",
    ),
]


@pytest.mark.parametrize(("name", "written", "text", "what", "fix"), CASES)
def test_a_wrong_value_is_a_mistake_that_names_its_place(
    name: str, written: str, text: str, what: str, fix: str
) -> None:
    """In the file with its line, in the environment with its variable, and with what to write instead."""
    in_file = mistakes_of(Config({}, text=f"\n[scoring]\n# a comment\n{name.lower()} = {written}\n"))
    in_environment = mistakes_of(Config({f"REVENUE_SCORING_{name}": text}))

    assert [mistake.where for mistake in in_file] == [Source("atoll.toml", 4)]
    assert [mistake.where for mistake in in_environment] == [None]
    assert in_file[0].what.startswith(f"`{name.lower()}` in [scoring]: {what}")
    assert in_environment[0].what.startswith(f"environment variable REVENUE_SCORING_{name}: {what}")
    assert fix in in_file[0].fix
    assert fix in in_environment[0].fix


def test_json_that_is_broken_is_a_mistake() -> None:
    """It is told as what it is."""
    told = mistakes_of(Config({"REVENUE_SCORING_NAMES": '["a",'}))

    assert told[0].what == "environment variable REVENUE_SCORING_NAMES: input data was truncated"


@pytest.mark.parametrize("name", [name for name, *_ in CASES])
def test_no_mistake_repeats_a_value(name: str) -> None:
    """It may be a secret, and mistakes are logged."""
    records = {"LIMITS": f'{{"daily": "{SECRET}"}}', "BY_NAME": f'{{"a": "{SECRET}"}}', "MODES": f'["{SECRET}"]'}

    told = mistakes_of(Config({f"REVENUE_SCORING_{name}": records.get(name, SECRET)}))

    assert told
    assert SECRET not in str(told)


def test_an_unknown_name_is_a_mistake_that_offers_the_one_that_was_meant() -> None:
    """A name that nobody asks for is a typing error more often than not."""
    in_file = mistakes_of(Config({}, text="[scoring]\nbatch_mx = 7\n"))
    in_environment = mistakes_of(Config({"REVENUE_SCORING_BATCH_MX": "7"}))
    far_away = mistakes_of(Config({"REVENUE_SCORING_ZZZ": "7"}, text=""), Required)

    assert in_file == [
        Mistake(
            Source("atoll.toml", 2),
            "`batch_mx` in [scoring]: the service `scoring` has no such setting",
            "did you mean `batch_max`?",
        )
    ]
    assert in_environment[0].what.startswith("environment variable REVENUE_SCORING_BATCH_MX: the service `scoring`")
    assert in_environment[0].fix == "did you mean `batch_max`?"
    assert far_away[0].fix == "known are: high, low, url"


def test_an_unknown_section_is_a_mistake_that_offers_the_one_that_was_meant() -> None:
    """A table that nobody reads."""
    told = read_settings({"scoring": Everything}, "revenue", Config({}, text="\n[scorring]\nbatch_max = 7\n"))[1]

    fix = "did you mean `scoring`?"
    assert told == [Mistake(Source("atoll.toml", 2), "no service `scorring` takes settings", fix)]


def test_settings_of_services_that_run_elsewhere_are_let_be() -> None:
    """One file and one environment serve all processes of an application."""
    config = Config({"REVENUE_CAPTURE_LIMIT": "7"}, text="[capture]\nlimit = 7\n[scoring]\nbatch_max = 7\n")

    values, mistakes = read_settings({"scoring": Everything}, "revenue", config, others=["capture"])

    assert (values, mistakes) == ({"scoring": Everything(batch_max=7)}, [])


@pytest.mark.parametrize("others", [[], ["scoring_v2"]])
def test_a_variable_belongs_to_the_service_with_the_longest_name(others: list[str]) -> None:
    """`REVENUE_SCORING_V2_...` is for the second major, whether it runs here or elsewhere."""
    config = Config({"REVENUE_SCORING_BATCH_MAX": "1", "REVENUE_SCORING_V2_BATCH_MAX": "2"})
    wanted = {"scoring": Everything} if others else {"scoring": Everything, "scoring_v2": Everything}

    values, mistakes = read_settings(wanted, "revenue", config, others)

    assert not mistakes
    assert values["scoring"] == Everything(batch_max=1)
    assert values.get("scoring_v2", Everything(batch_max=2)) == Everything(batch_max=2)


def test_a_setting_that_is_required_and_missing_is_a_mistake_that_says_how_to_set_it() -> None:
    """Whoever starts the application reads it, not who wrote the service."""
    assert mistakes_of(Config({}), Required) == [
        Mistake(None, "the service `scoring` lacks its setting `url`", "set REVENUE_SCORING_URL or `url` in [scoring]")
    ]


def test_all_mistakes_of_all_services_are_told_at_once() -> None:
    """Nobody starts an application ten times to mend ten settings."""
    text = "[scoring]\nbatch_max = 'x'\nratoi = 1\n[capture]\nlow = 'y'\n[other]\n"
    config = Config({"REVENUE_CAPTURE_HIGH": "z", "REVENUE_SCORING_MODE": "q"}, text=text)

    values, mistakes = read_settings(BOTH, "revenue", config)

    assert not values
    assert [(mistake.where, mistake.what.partition(":")[0]) for mistake in mistakes] == [
        (Source("atoll.toml", 6), "no service `other` takes settings"),
        (Source("atoll.toml", 2), "`batch_max` in [scoring]"),
        (Source("atoll.toml", 3), "`ratoi` in [scoring]"),
        (None, "environment variable REVENUE_SCORING_MODE"),
        (Source("atoll.toml", 5), "`low` in [capture]"),
        (None, "environment variable REVENUE_CAPTURE_HIGH"),
        (None, "the service `capture` lacks its setting `url`"),
    ]


def test_one_service_has_its_settings_although_another_has_not() -> None:
    """So that both kinds of mistakes, of settings and of what uses them, can be found."""
    config = Config({"REVENUE_SCORING_BATCH_MAX": "x", "REVENUE_CAPTURE_URL": "u"})

    values, mistakes = read_settings(BOTH, "revenue", config)

    assert values == {"capture": Required(url="u")}
    assert len(mistakes) == 1


def test_a_rule_of_the_settings_is_asked_when_each_of_them_is_sound() -> None:
    """What types cannot say."""
    config = Config({"REVENUE_SCORING_URL": "u", "REVENUE_SCORING_LOW": "10"}, text="[scoring]\nhigh = 5\n")

    told = mistakes_of(config, Required)

    what = "the settings of `scoring` are refused: `low` is above `high`"
    assert told == [Mistake(Source("atoll.toml", 2), what, "change them together")]


@pytest.mark.parametrize(
    ("text", "line"),
    [("scoring = 7", 1), ("\n[[scoring]]\nbatch_max = 7\n", 2), ("scoring = [1]", 1)],
)
def test_a_section_that_is_no_table_is_a_mistake(text: str, line: int) -> None:
    """It would be passed over otherwise."""
    told = mistakes_of(Config({}, text=text))

    assert [(mistake.where, mistake.what) for mistake in told] == [
        (Source("atoll.toml", line), "`scoring` is not a table of settings")
    ]


def test_a_file_that_is_no_toml_is_a_mistake_with_its_line() -> None:
    """And the environment is read all the same."""
    config = Config({"REVENUE_SCORING_BATCH_MAX": "x"}, text="[scoring]\nbatch_max 7\n")

    told = mistakes_of(config)

    assert [mistake.where for mistake in told] == [Source("atoll.toml", 2), None]
    assert told[0].what.startswith("not a TOML file: expected '='")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[scoring]\nratio=1\nbatch_max='x'", 3),
        ("[capture]\nbatch_max=1\n['scoring'] # here\n\"batch_max\" = 'x'", 4),
        ("scoring.batch_max = 'x'", 1),
        ("scoring = {ratio = 1, batch_max = 'x'}", 0),
        ("[ scoring ]\n batch_max = [\n1]", 2),
    ],
)
def test_the_line_of_a_setting_is_found_however_it_is_written(text: str, line: int) -> None:
    """Where it is not found, the file is named without one."""
    told = read_settings({"scoring": Everything}, "revenue", Config({}, text=text), ["capture"])[1]

    assert [mistake.where for mistake in told] == [Source("atoll.toml", line)]


class Unreadable(Settings):  # marker
    """One of a type that nothing can be read as."""

    folder: Path


def test_a_type_that_cannot_be_read_is_a_mistake_at_its_class() -> None:
    """It is the author's, not the operator's."""
    lines = Path(__file__).read_text().splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if text.endswith("  # marker"))

    told = mistakes_of(Config({}), Unreadable)

    assert [(mistake.where, mistake.fix) for mistake in told] == [(Source(__file__, line), "change the field's type")]
    assert told[0].what.startswith("`Unreadable` cannot be read from outside:")
