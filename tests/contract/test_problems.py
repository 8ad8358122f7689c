"""Problems: exceptions with fields here, RFC 9457 on the wire, the same class again at the caller."""

import copy
import json
import pickle
from typing import Any, ClassVar, cast

import msgspec
import pytest

from atoll import (
    DeadlineExceeded,
    Fault,
    Forbidden,
    InvalidInput,
    Personal,
    Problem,
    Unauthenticated,
    Unavailable,
    Value,
)
from atoll.contract import PLATFORM_PROBLEMS, from_wire
from atoll.edge import to_wire
from atoll.problems import (
    AnswerErased,
    BrokenContract,
    InternalError,
    KeyNotKept,
    KeyReused,
    MethodNotAllowed,
    NoSuchOperation,
    Overloaded,
    PayloadTooLarge,
    RateLimited,
    Undecided,
    UnknownProblem,
    UnsupportedMediaType,
)

ADA = "ada@example.com"


class Reason(Value):
    """A record in a problem."""

    why: str


class ScoreNotFound(Problem, status=404, detail="lead {lead_id} has no score yet: post it to /scores first"):
    """There is no such score.

    More about it, which is not the title.
    """

    lead_id: str


class Busy(Problem, status=503, retryable=True, code="very_busy"):
    """Nobody has time."""


class BusyToday(Busy):
    """Nobody has time today."""

    reasons: tuple[Reason, ...] = ()
    note: str | None = None
    limit: ClassVar[int] = 3


class MailRefused(Problem, status=409, detail="{email!r} is refused {count:>4d} times: {{why}}"):
    """This address is refused."""

    email: Personal[str]
    count: int


class Undocumented(Problem):
    lead_id: str


FAULT = Fault(pointer="/a", detail="is required")

PLATFORM: list[Problem] = [
    InvalidInput(errors=(FAULT,)),
    Unauthenticated(reason="no key"),
    Forbidden(reason="not yours"),
    NoSuchOperation(path="/x"),
    MethodNotAllowed(path="/x", method="GET", allowed="POST"),
    AnswerErased(operation="a.b"),
    PayloadTooLarge(limit_bytes=7),
    UnsupportedMediaType(media_type="text/plain"),
    InternalError(operation="a.b"),
    BrokenContract(operation="a.b", errors=(FAULT,)),
    UnknownProblem(original_code="new", original_status=409, message="later"),
    KeyNotKept(operation="a.b"),
    KeyReused(operation="a.b"),
    Undecided(operation="a.b"),
    Unavailable(service="a", reason="down"),
    Overloaded(service="a", reason="too many"),
    RateLimited(per_s=10.0, retry_after_s=0.5),
    DeadlineExceeded(operation="a.b"),
]

DECLARED: list[Problem] = [
    ScoreNotFound(lead_id="7"),
    Busy(),
    BusyToday(reasons=(Reason(why="rain"),), note="x"),
    BusyToday(),
    MailRefused(email=ADA, count=3),
    Undocumented(lead_id="7"),
]

KNOWN = PLATFORM_PROBLEMS | {problem.code: type(problem) for problem in DECLARED}

each_problem = pytest.mark.parametrize("problem", PLATFORM + DECLARED, ids=lambda problem: type(problem).__name__)


def test_every_problem_of_the_platform_is_tested_here() -> None:
    """A new one joins the list."""
    assert {type(problem) for problem in PLATFORM} == set(PLATFORM_PROBLEMS.values())
    assert {problem.code: type(problem) for problem in PLATFORM} == PLATFORM_PROBLEMS


def arrived(problem: Problem, trace_id: str | None = "abc") -> Problem:
    """The problem as its caller gets it."""
    return from_wire(to_wire(problem, trace_id), KNOWN)


@each_problem
def test_a_problem_is_the_same_class_with_the_same_fields_at_its_caller(problem: Problem) -> None:
    """With the trace that leads to where it was raised."""
    again = arrived(problem)

    assert type(again) is type(problem)
    assert again == problem
    assert str(again) == str(problem)
    assert (again.trace_id, again.arrived) == ("abc", True)
    assert (problem.trace_id, problem.arrived) == (None, False)


@each_problem
def test_on_the_wire_it_is_a_problem_of_rfc_9457(problem: Problem) -> None:
    """Any client can read it."""
    body = json.loads(to_wire(problem, "abc"))

    assert body["type"] == f"/problems/{problem.code}"
    assert body["title"] == type(problem).title()
    assert body["status"] == problem.status
    assert body["code"] == problem.code
    assert body["retryable"] is problem.retryable
    assert body["trace_id"] == "abc"
    assert body["detail"] == str(problem)
    assert body.keys() >= problem.fields().keys()


@each_problem
def test_it_survives_a_pickle_and_a_copy(problem: Problem) -> None:
    """Raised here or arrived, with notes and all."""
    for one in (problem, arrived(problem)):
        one.add_note("seen")
        for again in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
            assert type(again) is type(one)
            assert again == one
            assert str(again) == str(one)
            assert (again.trace_id, again.arrived, again.retryable) == (one.trace_id, one.arrived, one.retryable)
            assert again.__notes__ == ["seen"]


@each_problem
def test_it_says_what_happened_to_whoever_reads_it(problem: Problem) -> None:
    """In a traceback and in a log."""
    assert str(problem)
    assert repr(problem).startswith(f"{type(problem).__name__}(")
    assert type(problem).title().endswith(".")


def test_a_class_says_its_code_status_and_sentence() -> None:
    """Or gets them from its name and from the class that it derives from."""
    assert (ScoreNotFound.code, ScoreNotFound.status, ScoreNotFound.retryable) == ("score_not_found", 404, False)
    assert (Busy.code, Busy.status, Busy.retryable) == ("very_busy", 503, True)
    assert (BusyToday.code, BusyToday.status, BusyToday.retryable) == ("busy_today", 503, True)
    assert (Undocumented.code, Undocumented.status) == ("undocumented", 500)
    assert [kind.title() for kind in (ScoreNotFound, Undocumented)] == ["There is no such score.", "Undocumented."]


def test_the_sentence_is_filled_in() -> None:
    """Without one, the title and the fields are."""
    assert str(ScoreNotFound(lead_id="7")) == "lead 7 has no score yet: post it to /scores first"
    assert str(Busy()) == "Nobody has time"
    assert str(BusyToday(note="x")) == "Nobody has time today, reasons=(), note='x'"


def test_the_sentence_masks_what_is_personal() -> None:
    """It is logged, and shown to people who are not meant."""
    problem = MailRefused(email=ADA, count=3)

    assert str(problem) == "'***' is refused    3 times: {why}"
    assert json.loads(to_wire(problem, None))["detail"] == str(problem)
    assert arrived(problem).fields()["email"] == ADA


@pytest.mark.parametrize("given", [{}, {"lead": "7"}, {"lead_id": "7", "more": 1}])
def test_a_problem_takes_its_fields_and_nothing_else(given: dict[str, Any]) -> None:  # Any: fields of any type
    """The type checkers say it first."""
    with pytest.raises(TypeError, match="ScoreNotFound: "):
        ScoreNotFound(**given)


def test_a_problem_is_made_by_keyword() -> None:
    """As a value."""
    with pytest.raises(TypeError):
        ScoreNotFound("7")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the point of it


def test_problems_with_equal_fields_are_equal_and_hash_alike() -> None:
    """A test compares them."""
    one, same, other = ScoreNotFound(lead_id="7"), ScoreNotFound(lead_id="7"), ScoreNotFound(lead_id="8")

    assert one == same != other
    assert len({one, same, other}) == 2
    assert one != Undocumented(lead_id="7")
    assert one != "ScoreNotFound"


def test_a_code_of_a_later_version_is_an_unknown_problem() -> None:
    """It keeps what it was called, what it says, and whether a retry can help."""
    body = b'{"type":"/problems/new","title":"New.","status":409,"detail":"later","code":"new","retryable":true,"x":1}'

    problem = from_wire(body, KNOWN, status=409)

    assert problem == UnknownProblem(original_code="new", original_status=409, message="later")
    assert (problem.retryable, problem.arrived, problem.trace_id) == (True, True, None)
    assert str(problem) == "new (status 409): later"
    assert pickle.loads(pickle.dumps(problem)).retryable is True


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>\n  <h1>502 Bad Gateway</h1>\n</html>", "<html> <h1>502 Bad Gateway</h1> </html>"),
        (b"", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"null", "null"),
        (b"[]", "[]"),
        (b'"text"', '"text"'),
        (b"{}", "{}"),
        (b'{"code":7}', '{"code":7}'),
        (b'{"message":"nginx"}', '{"message":"nginx"}'),
        (b"[" * 100_000, "[" * 200),
        (b"x" * 100_000, "x" * 200),
    ],
    ids=ascii,
)
def test_an_answer_that_is_no_problem_is_an_unknown_one(body: bytes, message: str) -> None:
    """A proxy's page, or whatever stands between: the beginning of it, and the status of the answer."""
    problem = from_wire(body, KNOWN, status=502)

    assert problem == UnknownProblem(original_code="", original_status=502, message=message)
    assert str(problem) == f"an answer that is no problem of Atoll's (status 502): {message}"
    assert not problem.retryable


@pytest.mark.parametrize("field", [b"", b'"lead_id":7,', b'"lead_id":null,'])
def test_a_known_code_with_fields_that_do_not_fit_is_an_unknown_problem(field: bytes) -> None:
    """Nothing is made up to fit the class."""
    body = b"{" + field + b'"code":"score_not_found","status":404,"detail":"gone"}'

    assert from_wire(body, KNOWN) == UnknownProblem(
        original_code="score_not_found", original_status=404, message="gone"
    )


def test_a_later_field_of_a_known_problem_is_passed_over() -> None:
    """Within a major version change only adds."""
    body = b'{"code":"score_not_found","lead_id":"7","later":1}'

    assert from_wire(body, KNOWN) == ScoreNotFound(lead_id="7")


@pytest.mark.parametrize("value", [object(), float, "\ud800", 10**5000, 1j], ids=lambda value: type(value).__name__)
def test_fields_that_have_no_json_do_not_keep_a_problem_from_being_told(value: Any) -> None:  # Any: wrong on purpose
    """Its status, code and sentence still arrive."""
    body = json.loads(to_wire(ScoreNotFound(lead_id=value), "abc"))

    assert (body["status"], body["code"], body["trace_id"]) == (404, "score_not_found", "abc")
    assert "lead_id" not in body
    assert body["detail"]


@pytest.mark.parametrize("template", ["{nowhere}", "{0}", "{", "{lead_id.nothing}", "{lead_id:d}", "{lead_id!x}"])
def test_a_sentence_that_cannot_be_filled_in_is_not_an_error_of_its_own(template: str) -> None:
    """A contract with it is refused; a problem outside of one is told by its fields."""

    class Odd(Problem, status=409, detail=template):
        """Odd."""

        lead_id: str

    assert str(Odd(lead_id="7")) == "Odd, lead_id='7'"


def test_a_problem_extends_the_fields_of_another() -> None:
    """And may give them defaults."""

    class Base(Problem, status=409):
        lead_id: str
        note: str = "base"

    class Derived(Base):
        note: str = "derived"
        more: int = 1

    assert Derived(lead_id="7").fields() == {"lead_id": "7", "note": "derived", "more": 1}
    assert Base(lead_id="7").fields() == {"lead_id": "7", "note": "base"}


def test_a_type_error_in_an_annotation_is_told_where_the_problem_is_made() -> None:
    """A contract that declares it is refused before that."""

    class Broken(Problem):
        lead_id: "Nowhere"  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  # the point of it

    with pytest.raises(NameError):
        cast(Any, Broken)(lead_id="7")  # Any: no checker knows its fields


def test_a_fault_is_a_value_of_the_wire() -> None:
    """As it stands in the answer to a wrong call."""
    body = json.loads(to_wire(InvalidInput(errors=(FAULT,)), None))

    assert body["errors"] == [{"pointer": "/a", "detail": "is required", "place": "body"}]
    assert body["detail"] == "the input does not fit the contract: body /a: is required"
    assert msgspec.json.encode(body)
