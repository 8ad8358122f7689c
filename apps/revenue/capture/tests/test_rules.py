"""Mistakes in the team's rules are refused with a sentence that says what to do."""

from typing import Any, TypeAlias

import msgspec
import pytest

from revenue.capture.contract import CaptureRules, Form, Scheme, Signature, Source
from revenue.capture.payload import part_at
from revenue.capture.rules import PATH, steps_of

Written: TypeAlias = dict[str, Any]  # Any: what a file of rules holds

SIGNATURE: Written = {"secret": "calendly"}


def read(rules: Written) -> CaptureRules:
    """Rules as they come from a file."""
    return msgspec.convert(rules, CaptureRules)


def test_without_rules_there_is_a_form() -> None:
    """So that the first lead can come in on a laptop."""
    assert [form.name for form in CaptureRules().forms] == ["website"]
    assert CaptureRules().source("calendly") is None


def test_rules_are_written_as_they_are_read() -> None:
    """In the words of the file."""
    rules = read({
        "forms": [{"name": "demo", "fields": {"your_mail": "email"}, "consent_text": "I agree."}],
        "sources": [{"name": "calendly", "signature": SIGNATURE, "fields": {"email": "payload.email"}}],
        "columns": {"Kunde": "company"},
    })  # fmt: skip

    assert rules.form("demo") == Form(name="demo", fields={"your_mail": "email"}, consent_text="I agree.")
    assert rules.source("calendly") == Source(
        name="calendly", signature=Signature(secret="calendly"), fields={"email": "payload.email"}
    )


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"forms": [{"name": "Not a path"}]}, "part of an address"),
        ({"forms": [{"name": "a"}, {"name": "a"}]}, "two forms named `a`"),
        ({"forms": [{"name": "a", "fields": {"x": "emial"}}]}, "fills `emial`"),
        ({"forms": [{"name": "a", "seconds_min": -1}]}, "seconds_min"),
        ({"columns": {"x": "emial"}}, "goes to `emial`"),
        ({"sources": [{"name": "a", "signature": {"secret": "whsec_AbC="}}]}, "write the name under which"),
        ({"sources": [{"name": "a", "signature": SIGNATURE, "fields": {"emial": "x"}}]}, "fills `emial`"),
        ({"sources": [{"name": "a", "signature": SIGNATURE, "fields": {"email": "a..b"}}]}, "names the part `a..b`"),
        ({"sources": [{"name": "a", "signature": SIGNATURE, "only": {"a[x]": "b"}}]}, "names the part `a[x]`"),
        ({"sources": [{"name": "a", "signature": SIGNATURE}] * 2}, "two sources named `a`"),
        ({"sources": [{"name": "a", "signature": SIGNATURE | {"scheme": "magic"}}]}, "not known"),
        ({"sources": [{"name": "a", "signature": SIGNATURE | {"tolerance_s": 0}}]}, "tolerance_s"),
        ({"sources": [{"name": "a", "signature": SIGNATURE | {"scheme": "api_key"}}]}, "`header` is missing"),
        ({"sources": [{"name": "a", "signature": SIGNATURE | {"scheme": "hmac", "header": "x", "signed": "{id}"}}]},
         "the last always"),
        ({"sources": [{"name": "a", "signature": SIGNATURE
                       | {"scheme": "hmac", "header": "x", "signed": "{id}{body}"}}]}, "id_header"),
        ({"sources": [{"name": "a", "signature": SIGNATURE
                       | {"scheme": "hmac", "header": "x", "timestamp_header": "t"}}]}, "proves nothing"),
        ({"sources": [{"name": "a", "signature": SIGNATURE
                       | {"scheme": "hmac", "header": "x", "signed": "{timestamp}{body}"}}]}, "proves nothing"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused(rules: Written, said: str) -> None:
    """With what is wrong, and what to write."""
    with pytest.raises(msgspec.ValidationError) as refused:
        read(rules)

    assert said in str(refused.value)


def test_a_choice_that_is_not_known_is_no_scheme() -> None:
    """A later version may have more words; this one cannot prove by them."""
    with pytest.raises(ValueError, match="not known"):
        Signature(secret="a", scheme=Scheme.UNKNOWN)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("email", ("email",)),
        ("a.b.c", ("a", "b", "c")),
        ("a[0].b", ("a", "[0]", "b")),
        ("[1]", ("[1]",)),
        ("a[field=e-mail].values[0]", ("a", "[field=e-mail]", "values", "[0]")),
        ("a b.c=d", ("a b", "c=d")),
    ],
)
def test_a_path_is_parted_into_steps(path: str, steps: tuple[str, ...]) -> None:
    """Names, places and choices."""
    assert PATH.fullmatch(path)
    assert steps_of(path) == steps


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a[", "a[]", "a[-1]", "a[x]", "a]b", "a[0]b"])
def test_what_is_no_path_is_none(path: str) -> None:
    """Half of a bracket leads nowhere."""
    assert PATH.fullmatch(path) is None


def test_a_path_that_leads_nowhere_finds_nothing() -> None:
    """Whatever stands there instead."""
    payload = {"a": [1, {"b": None}], "c": "text"}

    assert [part_at(payload, path) for path in ("a[7]", "a[0].b", "c.d", "c[0]", "a[b=1]", "a[1].b")] == [None] * 6
    assert part_at(payload, "a[0]") == "1"
