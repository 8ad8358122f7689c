"""Cells become clean details, and what makes no lead says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.capture.cleaning import clean_count, clean_details, clean_email, clean_text, details_of_row, rejection_of
from revenue.capture.contract import Column, LeadDetails, MappedBy, RejectionReason
from revenue.capture.names import part_name


def columns(*pairs: tuple[str, str]) -> list[Column]:
    """Columns by name and target."""
    return [Column(name=name, target=target, mapped_by=MappedBy.ASKED) for name, target in pairs]


@pytest.mark.parametrize("mark", ["\u202a", "\u202d", "\u202e", "\u2066", "\u2069", "\u200f"])
def test_marks_of_direction_turn_nothing_around(mark: str) -> None:
    """A name with one would show what stands behind it in its line backwards: the company, the owner."""
    assert clean_text(f"Ada{mark} exe.pdf") == "Ada exe.pdf"


@pytest.mark.parametrize(
    "nothing", ["", "  ", "-", "N/A", "#n/a", "#REF!", "#DIV/0!", "NULL", "none", "NaN", "\u200b", "?"]
)
def test_what_stands_for_nothing_is_nothing(nothing: str) -> None:
    """Programs and people have many words for it."""
    assert clean_text(nothing) is None


@pytest.mark.parametrize("name", ["Null", "None", "Nan"])
def test_people_can_be_called_null(name: str) -> None:
    """In the columns of names only what is no word stands for nothing."""
    assert clean_text(name, "last_name") == name


@pytest.mark.parametrize("said", ["nein", "FALSE", "No", "0", "Não", "opted out", "Not applicable"])
def test_who_says_no_has_not_agreed(said: str) -> None:
    """Whoever took it for the text that was agreed to would call people who do not want it. It is kept nevertheless."""
    row = details_of_row(columns(("Mail", "email"), ("Einwilligung", "consent")), ["ada@example.com", said])

    assert (row.consent, row.attributes) == (None, {"consent": said})


@pytest.mark.parametrize("said", ["ja", "I agree to be called.", "No later than today I agreed.", "TRUE"])
def test_what_was_agreed_to_is_kept_word_for_word(said: str) -> None:
    """It is the proof."""
    assert clean_details(LeadDetails(email="ada@example.com", consent=said)).consent == said


@given(st.text(max_size=50))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    """Otherwise the same row would come out differently the second time."""
    once = clean_text(text)

    assert once is None or clean_text(once) == once


@pytest.mark.parametrize(
    "written",
    [
        "ada@example.com",
        "<ada@example.com>",
        "Ada Lovelace <ada@example.com>",
        "mailto:ada@example.com",
        "ada@example.com;",
    ],
)
def test_the_bare_address_is_found(written: str) -> None:
    """In what people copy from mail programs."""
    assert clean_email(written) == "ada@example.com"


@pytest.mark.parametrize(
    ("written", "count"),
    [("12", 12), ("1,200", 1200), ("3.500", 3500), ("1'000", 1000), ("10 000", 10000), ("51-200", 51),
     ("1,001-5,000", 1001), ("250+", 250), ("about 40", 40), ("many", None), ("", None), ("123456789012", None),
     ("10K+", 10_000), ("1.5k", 1500), ("1,5 k", 1500), ("2M", 2_000_000), ("1K-5K employees", 1000), ("10 MA", 10),
     ("5 km away", 5), ("1.2E+05", 120_000), ("1e3", 1000), ("1.2345k", 1234), ("9e99", None), ("2200000.0", 2_200_000),
     ("-5", None), ("\u2212 40", None), ("~-3", None), ("under-50", 50)],
)  # fmt: skip
def test_a_number_of_people_is_read_in_any_form(written: str, count: int | None) -> None:
    """Ranges count by their lower end."""
    assert clean_count(written) == count


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("Ada Lovelace", ("Ada", "Lovelace")),
        ("Lovelace, Ada", ("Ada", "Lovelace")),
        ("Ludwig van Beethoven", ("Ludwig", "van Beethoven")),
        ("María del Carmen de la Vega", ("María del Carmen", "de la Vega")),
        ("Prof. Dr. Lise Meitner", ("Lise", "Meitner")),
        ("Cher", (None, "Cher")),
        ("Dr", (None, "Dr")),
        ("", (None, None)),
    ],
)
def test_a_whole_name_is_parted(whole: str, parts: tuple[str | None, str | None]) -> None:
    """Particles belong to the last name, titles to nobody."""
    assert part_name(whole) == parts


def test_a_row_becomes_details() -> None:
    """Fields by their columns, the rest as attributes, blanks left out."""
    row = columns(("Mail", "email"), ("Who", "name"), ("Size", "number_of_employees"), ("T-shirt", "attribute"),
                  ("Junk", "ignore"), ("Fax", "attribute"))  # fmt: skip

    details = details_of_row(row, ["ADA@Example.com ", "Ada Lovelace", "1,200", "M", "x", "n/a"])

    assert details == LeadDetails(
        email="ADA@Example.com",
        first_name="Ada",
        last_name="Lovelace",
        number_of_employees=1200,
        attributes={"T-shirt": "M"},
    )


def test_names_of_their_own_go_before_a_whole_name() -> None:
    """A whole name beside a last name adds nothing."""
    row = columns(("Name", "name"), ("Last", "last_name"))

    assert details_of_row(row, ["Acme contact", "Lovelace"]) == LeadDetails(last_name="Lovelace")


def test_a_size_that_is_no_number_is_kept_as_it_is() -> None:
    """Nothing is thrown away."""
    row = columns(("Mail", "email"), ("Size", "number_of_employees"))

    assert details_of_row(row, ["a@example.com", "many"]).attributes == {"Size": "many"}


def test_submitted_details_are_cleaned_like_cells() -> None:
    """An API call and a row that say the same make the same lead."""
    details = clean_details(
        LeadDetails(email=" <a@example.com>", company="  Acme  Inc ", attributes={"x": " ", "y": " 1"})
    )

    assert details == LeadDetails(email="a@example.com", company="Acme Inc", attributes={"y": "1"})


@pytest.mark.parametrize(
    "named",
    [
        LeadDetails(email="a@example.com"),
        LeadDetails(phone="030 1234"),
        LeadDetails(last_name="Lovelace"),
        LeadDetails(company="Acme"),
        LeadDetails(website="acme.example"),
    ],
)
def test_somebody_who_is_named_is_a_lead(named: LeadDetails) -> None:
    """One word is enough to begin with."""
    assert rejection_of(named) is None


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        (LeadDetails(), RejectionReason.NOBODY_NAMED),
        (LeadDetails(external_id="7", country="DE", title="CEO"), RejectionReason.NOBODY_NAMED),
        (LeadDetails(email="ada@", last_name="Lovelace"), RejectionReason.EMAIL_INVALID),
        (LeadDetails(email="ada@@example.com"), RejectionReason.EMAIL_INVALID),
        (LeadDetails(email="ada@example"), RejectionReason.EMAIL_INVALID),
        (LeadDetails(email="ada @example.com"), RejectionReason.EMAIL_INVALID),
    ],
)
def test_what_makes_no_lead_says_why(details: LeadDetails, reason: RejectionReason) -> None:
    """In a sentence that repeats no personal data."""
    rejection = rejection_of(details)

    assert rejection is not None
    assert rejection.reason is reason
    assert "ada" not in rejection.explanation
