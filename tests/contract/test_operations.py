"""Operations: how the arguments of a call travel, and what comes out on the other side."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Protocol

import pytest

from atoll import (
    Choice,
    Contract,
    Deprecation,
    Fault,
    Page,
    Problem,
    Value,
    contract,
    contract_of,
    delete,
    get,
    patch,
    post,
    put,
)
from atoll.contract import Invalid, Operation, Place, ResultForm, contracts_of, is_contract


class Lead(Value):
    """A body."""

    id: str


class Score(Value):
    """A result."""

    points: int


class Mail(Value, tag="mail"):
    """One of a union."""

    to: str


class Call(Value, tag="call"):
    """The other."""

    number: int


class Source(Choice):
    """A choice."""

    WEB = "web"
    UNKNOWN = "unknown"


class ScoreNotFound(Problem, status=404):
    """There is no such score."""

    lead_id: str


@contract(version="1.3")
class Scoring(Protocol):
    """Says how well a lead fits."""

    @post("/scores", public=True)
    async def score(self, lead: Lead) -> Score:
        """Score one lead.

        And keep the score.
        """
        ...

    @get("/scores/{lead_id}", raises=(ScoreNotFound,), timeout_s=3)
    async def latest(self, lead_id: str) -> Score: ...

    @get("/scores")
    async def listed(
        self, cursor: str | None = None, limit: int = 100, *, sources: tuple[Source, ...] = ()
    ) -> Page[Score]: ...

    @get("/scores/export")
    def export(self, since: date) -> AsyncIterator[Score]: ...

    @put("/scores/{lead_id}/rules/{number}")
    async def change(self, number: int, lead_id: str, lead: Lead | None = None, note: str = "") -> None: ...

    @patch("/contacts")
    async def reach(self, contact: Mail | Call) -> None: ...

    @post("/batches")
    async def batch(self, *, leads: list[Lead]) -> list[Score]: ...

    @delete("/scores", deprecated=Deprecation(since=date(2026, 1, 1)))
    async def clear(self) -> None: ...


SCORING: Contract = contract_of(Scoring)
LEAD = Lead(id="7")


def operation(name: str) -> Operation:
    """One of them."""
    return SCORING.operation(name)


def there_and_back(name: str, *args: object, **kwargs: object) -> dict[str, object]:
    """What the handler gets, between services and through the edge."""
    it = operation(name)
    encoded = it.encode_call(args, kwargs)
    arguments = it.decode_call(*encoded, strict=False)
    assert it.decode_call(*encoded, strict=True) == arguments
    return arguments


def test_a_contract_says_what_it_promises() -> None:
    """As data."""
    assert (SCORING.id, SCORING.major, SCORING.version, SCORING.name) == ("scoring", 1, "1.3", "scoring/v1")
    assert SCORING.description == "Says how well a lead fits."
    assert [it.name for it in SCORING.operations] == [
        "score",
        "latest",
        "listed",
        "export",
        "change",
        "reach",
        "batch",
        "clear",
    ]


def test_an_operation_says_how_it_is_called() -> None:
    """As data."""
    score, latest = operation("score"), operation("latest")

    assert (score.id, score.service, score.method, score.path) == ("scoring.score", "scoring", "POST", "/scores")
    assert (score.public, latest.public, score.timeout_s, latest.timeout_s) == (True, False, None, 3)
    assert score.description == "Score one lead.\n\nAnd keep the score."
    assert latest.problems["score_not_found"] is ScoreNotFound
    assert {"invalid_input", "unavailable"} <= score.problems.keys()
    assert operation("clear").deprecated == Deprecation(since=date(2026, 1, 1))
    assert repr(score) == "<Operation scoring.score POST /scores>"


def test_no_operation_of_that_name_is_told_with_those_there_are() -> None:
    """For people at a prompt."""
    with pytest.raises(KeyError, match="scoring/v1 has no operation `scor`; it has score, latest, listed"):
        SCORING.operation("scor")


def test_names_in_the_path_travel_there_records_as_the_body_and_the_rest_as_query() -> None:
    """The rule of the wire."""
    places = {it.name: {each.name: each.place for each in it.arguments} for it in SCORING.operations}

    assert places == {
        "score": {"lead": Place.BODY},
        "latest": {"lead_id": Place.PATH},
        "listed": {"cursor": Place.QUERY, "limit": Place.QUERY, "sources": Place.QUERY},
        "export": {"since": Place.QUERY},
        "change": {"number": Place.PATH, "lead_id": Place.PATH, "lead": Place.BODY, "note": Place.QUERY},
        "reach": {"contact": Place.BODY},
        "batch": {"leads": Place.BODY},
        "clear": {},
    }


def test_the_annotation_of_the_result_says_its_form() -> None:
    """Nothing, a value, a page of a long list, or a stream."""
    assert {it.name: it.form for it in SCORING.operations} == {
        "score": ResultForm.VALUE,
        "latest": ResultForm.VALUE,
        "listed": ResultForm.PAGE,
        "export": ResultForm.STREAM,
        "change": ResultForm.NOTHING,
        "reach": ResultForm.NOTHING,
        "batch": ResultForm.VALUE,
        "clear": ResultForm.NOTHING,
    }
    assert operation("clear").codec is None


def test_get_put_and_delete_may_be_done_twice() -> None:
    """RFC 9110, 9.2.2."""
    assert {it.name for it in SCORING.operations if it.is_idempotent} == {
        "latest",
        "listed",
        "export",
        "change",
        "clear",
    }


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "encoded"),
    [
        ("score", (LEAD,), {}, ((), (), b'{"id":"7"}')),
        ("score", (), {"lead": LEAD}, ((), (), b'{"id":"7"}')),
        ("latest", ("7",), {}, (("7",), (), b"")),
        ("listed", (), {}, ((), (), b"")),
        ("listed", (None, 5), {}, ((), (("limit", "5"),), b"")),
        (
            "listed",
            (),
            {"sources": (Source.WEB, Source.WEB), "cursor": ""},
            ((), (("cursor", ""), ("sources", "web"), ("sources", "web")), b""),
        ),
        ("export", (date(2026, 1, 31),), {}, ((), (("since", "2026-01-31"),), b"")),
        ("change", (3, "7"), {"note": "x"}, (("7", "3"), (("note", "x"),), b"")),
        ("change", (3, "7", LEAD), {}, (("7", "3"), (), b'{"id":"7"}')),
        ("change", (3, "7", None), {}, (("7", "3"), (), b"null")),
        ("reach", (Call(number=7),), {}, ((), (), b'{"type":"call","number":7}')),
        ("batch", (), {"leads": [LEAD]}, ((), (), b'[{"id":"7"}]')),
        ("clear", (), {}, ((), (), b"")),
    ],
)
def test_a_call_becomes_words_pairs_and_a_body(
    name: str,
    args: tuple[object, ...],
    kwargs: dict[str, object],
    encoded: object,
) -> None:
    """What the caller leaves out is not sent: the default is the handler's."""
    assert operation(name).encode_call(args, kwargs) == encoded


def test_a_handler_gets_by_name_what_its_caller_gave() -> None:
    """However it was given."""
    assert there_and_back("score", LEAD) == {"lead": LEAD}
    assert there_and_back("latest", lead_id="7") == {"lead_id": "7"}
    assert there_and_back("listed") == {}
    assert there_and_back("listed", limit=5, sources=(Source.WEB,)) == {"limit": 5, "sources": (Source.WEB,)}
    assert there_and_back("change", 3, "7", note="") == {"number": 3, "lead_id": "7", "note": ""}
    assert there_and_back("change", 3, "7", None) == {"number": 3, "lead_id": "7", "lead": None}
    assert there_and_back("batch", leads=[]) == {"leads": []}
    assert there_and_back("clear") == {}


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "said"),
    [
        ("score", (), {}, "missing a required argument: 'lead'"),
        ("score", (LEAD, LEAD), {}, "too many positional arguments"),
        ("score", (LEAD,), {"lead": LEAD}, "multiple values for argument 'lead'"),
        ("score", (LEAD,), {"more": 1}, "got an unexpected keyword argument 'more'"),
        ("score", (), {"more": 1}, "missing a required argument: 'lead'"),
        ("listed", (None, 5, ()), {}, "too many positional arguments"),
        ("clear", (1,), {}, "too many positional arguments"),
        ("batch", ([LEAD],), {}, "too many positional arguments"),
        ("clear", (), {"self": 1}, "multiple values for argument 'self'"),
        ("change", (3,), {"lead": None}, "missing a required argument: 'lead_id'"),
    ],
)
def test_arguments_that_do_not_fit_the_signature_are_a_type_error(
    name: str, args: tuple[object, ...], kwargs: dict[str, object], said: str
) -> None:
    """As for any call in Python, and in its words."""
    with pytest.raises(TypeError, match=said):
        operation(name).encode_call(args, kwargs)


def faults_of(name: str, path: tuple[str, ...], query: tuple[tuple[str, str], ...], body: bytes) -> list[Fault]:
    """What is wrong with a call from outside."""
    with pytest.raises(Invalid) as caught:
        operation(name).decode_call(path, query, body, strict=True)
    return list(caught.value.faults)


def test_all_faults_of_all_arguments_are_told_at_once() -> None:
    """With the place of each."""
    faults = faults_of("change", ("7", "x"), (("note", "a"), ("note", "b"), ("more", "1")), b'{"id":7,"later":1}')

    assert [(fault.place, fault.pointer, fault.detail) for fault in faults] == [
        ("path", "/number", "is not a number"),
        ("query", "/note", "is given 2 times"),
        ("query", "/more", "is not asked for here"),
        ("body", "/later", "is not a field here"),
        ("body", "/id", "expected `str`, got `int`"),
    ]


@pytest.mark.parametrize(
    ("name", "query", "body", "expected"),
    [
        ("score", (), b"", ("body", "", "is required")),
        ("score", (("x", "1"),), b'{"id":"7"}', ("query", "/x", "is not asked for here")),
        ("score", (("a/b", "1"),), b'{"id":"7"}', ("query", "/a~1b", "is not asked for here")),
        ("export", (), b"", ("query", "/since", "is required")),
        ("clear", (), b"{}", ("body", "", "no body is asked for here")),
        ("listed", (("sources", "fax"),), b"", ("query", "/sources/0", "`fax` is not one of unknown, web")),
    ],
)
def test_what_is_missing_or_too_much_is_a_fault(
    name: str, query: tuple[tuple[str, str], ...], body: bytes, expected: tuple[str, str, str]
) -> None:
    """At the public edge."""
    (fault,) = faults_of(name, (), query, body)

    assert (fault.place, fault.pointer, fault.detail) == expected


def test_between_services_what_is_too_much_is_passed_over() -> None:
    """A later minor version of the caller may say more."""
    it = operation("clear")

    assert it.decode_call((), (("later", "1"),), b"{}", strict=False) == {}
    assert operation("score").decode_call((), (("later", "1"),), b'{"id":"7","x":1}', strict=False) == {"lead": LEAD}


@pytest.mark.parametrize("word", ["export"])
def test_an_argument_that_would_be_the_path_of_another_operation_is_refused(word: str) -> None:
    """`GET /scores/export` is one operation, wherever it is served."""
    with pytest.raises(Invalid) as caught:
        operation("latest").encode_call((word,), {})

    assert [(fault.place, fault.pointer, fault.detail) for fault in caught.value.faults] == [
        ("path", "/lead_id", "`export` would make this a call of scoring.export")
    ]


@contract(version="1.0")
class Paths(Protocol):
    """Paths that could be one another's."""

    @get("/{a}/{b}")
    async def both(self, a: str, b: str) -> None: ...

    @get("/x/{b}")
    async def first(self, b: str) -> None: ...

    @get("/{a}/y")
    async def second(self, a: str) -> None: ...

    @get("/x/y")
    async def none(self) -> None: ...

    @post("/{a}/z")
    async def other_method(self, a: str) -> None: ...

    @get("/{a}/{b}/z")
    async def longer(self, a: str, b: str) -> None: ...


@pytest.mark.parametrize(
    ("name", "args", "refused"),
    [
        ("both", ("a", "b"), False),
        ("both", ("x", "b"), True),
        ("both", ("a", "y"), True),
        ("both", ("a", "z"), True),
        ("both", ("y", "x"), False),
        ("first", ("b",), False),
        ("first", ("y",), True),
        ("second", ("a",), False),
        ("second", ("x",), True),
        ("none", (), False),
        ("other_method", ("x",), True),
        ("longer", ("x", "y"), False),
    ],
)
def test_a_router_takes_words_before_names(name: str, args: tuple[Any, ...], refused: bool) -> None:  # Any: words
    """And what it would take for another operation is not sent."""
    it = contract_of(Paths).operation(name)

    if refused:
        with pytest.raises(Invalid, match="would make this a call of paths"):
            it.encode_call(args, {})
    else:
        assert it.encode_call(args, {})[0] == args


@contract(version="2.0", id="grown")
class Grown(Scoring, Protocol):
    """A contract that extends another."""

    @get("/scores/{lead_id}")
    async def latest(self, lead_id: str) -> Score: ...

    @get("/more")
    async def more(self) -> None: ...


def test_a_contract_that_extends_another_has_all_its_operations_once() -> None:
    """Its own in the place of those that it replaces, under its own name."""
    compiled = contract_of(Grown)

    assert [it.id for it in compiled.operations] == [
        *(f"grown.{it.name}" for it in SCORING.operations),
        "grown.more",
    ]
    assert compiled.operation("latest").raises == ()
    assert compiled.name == "grown/v2"


def test_a_class_says_which_contracts_it_fulfils() -> None:
    """Of one that extends another, only the one."""

    class Plain:
        pass

    class One(Scoring):
        pass

    class Extended(Grown):
        pass

    class Two(Scoring, Paths):
        pass

    assert [contracts_of(each) for each in (Plain, One, Extended, Two)] == [(), (Scoring,), (Grown,), (Scoring, Paths)]
    assert [is_contract(each) for each in (Scoring, One, Plain, 7)] == [True, False, False, False]


def test_a_contract_is_compiled_once() -> None:
    """It is asked for at every client."""
    assert contract_of(Scoring) is contract_of(Scoring)
