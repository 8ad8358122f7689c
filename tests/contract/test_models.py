"""Pydantic models: whole arguments and whole results, with their own rules."""

import warnings
from typing import Annotated, Any, Literal, Protocol

import pydantic
import pytest

from atoll import Fault, Value, contract, post
from atoll.contract import Codec, Invalid, codec_of, compile_contract, contract_of, unfit
from atoll.contract.faults import FAULTS_MAX


class Part(pydantic.BaseModel):
    """A model in a model."""

    number: int = pydantic.Field(ge=0)


class Cat(pydantic.BaseModel):
    """One of a union."""

    kind: Literal["cat"] = "cat"
    lives: int


class Dog(pydantic.BaseModel):
    """The other."""

    kind: Literal["dog"] = "dog"
    name: str


class Lead(pydantic.BaseModel):
    """A model."""

    id: str
    ratio: float | None = None
    parts: list[Part] = []
    pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")] | None = None
    either: int | list[int] = 0
    table: dict[int, Part] = {}
    alias: str = pydantic.Field(default="", alias="an/alias")

    @pydantic.model_validator(mode="after")
    def is_not_evil(self) -> "Lead":
        """A rule."""
        if self.id == "666":
            raise ValueError("is evil")
        return self


class Closed(pydantic.BaseModel, extra="forbid"):
    """A model that takes nothing more anyway."""

    id: str


CODEC: Codec[Lead] = codec_of(Lead)


def faults_of(data: bytes, *, strict: bool = False) -> tuple[Fault, ...]:
    """What is wrong."""
    with pytest.raises(Invalid) as caught:
        CODEC.decode(data, strict=strict)
    return caught.value.faults


def test_a_model_becomes_json_and_the_same_model_again() -> None:
    """By its aliases."""
    lead = Lead.model_validate({"id": "7", "an/alias": "x", "parts": [{"number": 1}], "table": {"1": {"number": 2}}})

    data = CODEC.encode(lead)

    assert b'"an/alias":"x"' in data
    assert CODEC.decode(data) == lead
    assert CODEC.decode(data, strict=True) == lead


@pytest.mark.parametrize(
    ("data", "pointer", "detail"),
    [
        (b"{}", "/id", "field required"),
        (b'{"id":7}', "/id", "input should be a valid string"),
        (b'{"id":"7","parts":[{"number":1},{"number":-1}]}', "/parts/1/number", "greater than or equal to 0"),
        (b'{"id":"7","parts":[{}]}', "/parts/0/number", "field required"),
        (b'{"id":"7","pet":{"kind":"dog"}}', "/pet/name", "field required"),
        (b'{"id":"7","pet":{"kind":"cat","lives":"x"}}', "/pet/lives", "valid integer"),
        (b'{"id":"7","pet":{"kind":"fox"}}', "/pet", "does not match any of the expected tags"),
        (b'{"id":"7","table":{"1":{"number":"x"}}}', "/table/1/number", "valid integer"),
        (b'{"id":"7","table":{"x":{"number":1}}}', "/table/x", "valid integer"),
        (b'{"id":"7","an/alias":1}', "/an~1alias", "valid string"),
        (b'{"id":"666"}', "", "is evil"),
        (b"[]", "", "input should be an object"),
        (b"{", "", "invalid JSON"),
        (b"", "", "invalid JSON"),
        (b'{"id":"\xff"}', "", "invalid"),
        (b'{"id":"\\ud800"}', "", "invalid JSON"),
        (b"[" * 100_000, "", "recursion limit exceeded"),
        (b'{"id":' * 5_000, "", "recursion limit exceeded"),
    ],
)
def test_a_fault_has_its_pointer(data: bytes, pointer: str, detail: str) -> None:
    """Into the input, whatever way Pydantic took through its unions."""
    (fault,) = faults_of(data)

    assert fault.pointer == pointer
    assert detail.lower() in fault.detail.lower()


def test_the_faults_of_each_option_of_a_union_stand_where_the_input_does() -> None:
    """Pydantic names the options on the way; the input has no such step."""
    faults = faults_of(b'{"id":"7","either":["x"]}')

    assert {fault.pointer for fault in faults} == {"/either", "/either/0"}


def test_all_faults_are_told_at_once() -> None:
    """Up to a number that no person reads."""
    faults = faults_of(b'{"id":7,"parts":[{"number":"x"}],"either":{}}')

    assert {"/id", "/parts/0/number", "/either"} == {fault.pointer for fault in faults}
    assert len(faults_of(b'{"id":"7","parts":[' + b"1," * 500 + b"1]}")) == FAULTS_MAX


def test_an_unknown_field_is_refused_at_the_edge_only() -> None:
    """At any depth."""
    data = b'{"id":"7","x":1,"parts":[{"number":1,"y":1}]}'

    assert CODEC.decode(data).id == "7"
    assert {fault.pointer for fault in faults_of(data, strict=True)} == {"/x", "/parts/0/y"}


def test_a_model_that_forbids_more_does_so_between_services_too() -> None:
    """Its own rule is kept."""
    with pytest.raises(Invalid):
        codec_of(Closed).decode(b'{"id":"7","x":1}')


@pytest.mark.parametrize("value", [None, 7, {"id": "7"}, Part(number=1), Lead])
def test_another_value_is_refused_by_its_sender(value: object) -> None:
    """It has no way of its own to travel."""
    with pytest.raises(Invalid, match="the whole: expected `Lead`, got `"):
        codec_of(Lead).encode(value)


def test_a_wrong_field_is_found_by_whoever_decodes_and_without_a_warning() -> None:
    """As with values."""
    wrong = Lead.model_construct(id=7)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = CODEC.encode(wrong)

    assert faults_of(data)[0].pointer == "/id"


@pytest.mark.parametrize("field", ["id", "ratio"])
def test_what_has_no_json_is_refused_by_its_sender(field: str) -> None:
    """Half a surrogate pair, and what is no number."""
    values: dict[str, Any] = {"id": "\ud800", "ratio": float("nan")}  # Any: fields of two types

    with pytest.raises(Invalid, match="cannot travel as JSON"):
        CODEC.encode(Lead.model_construct(None, **{"id": "7", field: values[field]}))


def test_the_fields_of_a_subclass_are_passed_over() -> None:
    """What travels is what the contract names."""

    class Grown(Lead):
        more: int = 1

    assert CODEC.decode(CODEC.encode(Grown(id="7"))) == Lead(id="7")


class Holder(Value):
    """A value with a model in it."""

    lead: Lead


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Holder, "`Holder.lead`: the Pydantic model `Lead` travels only as a whole argument or result"),
        (list[Lead], "the Pydantic model `Lead` travels only as a whole argument or result"),
        (Lead | None, "the Pydantic model `Lead` travels only as a whole argument or result"),
        (dict[str, Lead], "the Pydantic model `Lead` travels only as a whole argument or result"),
    ],
)
def test_a_model_inside_of_something_else_is_refused(kind: Any, why: str) -> None:  # Any: a type
    """Two libraries cannot check one input."""
    assert list(unfit(kind)) == [why]


def test_a_whole_model_is_a_body_and_a_result() -> None:
    """Also one with a default."""

    @contract(version="1.0")
    class Leads(Protocol):
        """Leads."""

        @post("/leads")
        async def keep(self, lead: Lead = Lead(id="0")) -> Lead: ...  # noqa: B008  # a default like any other

    keep = contract_of(Leads).operation("keep")
    lead = Lead(id="7")

    assert keep.decode_call(*keep.encode_call((lead,), {}), strict=True) == {"lead": lead}
    assert keep.codec is CODEC
    assert compile_contract(Leads)[1] == []
