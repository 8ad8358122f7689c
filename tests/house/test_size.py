"""A file holds one idea: more than 400 lines need a place in the table, whose numbers only go down."""

from collections.abc import Iterator, Mapping

from tests.house.checkout import product

LINES_MAX = 400

# Path and lines of each file that is too long. A file that shrinks lowers its number here; none may raise it.
LONG_FILES: dict[str, int] = {}


def sizes_amiss(lines: Mapping[str, int], table: Mapping[str, int]) -> Iterator[str]:
    """Files that are too long, and numbers of the table that could be lower."""
    for name, count in lines.items():
        if count > table.get(name, LINES_MAX):
            yield f"{name} has {count} lines, {table.get(name, LINES_MAX)} are allowed: does it hold one idea?"
    for name, allowed in table.items():
        count = lines.get(name, 0)
        if count <= LINES_MAX:
            yield f"{name} has {count} lines: take it out of LONG_FILES"
        elif count < allowed:
            yield f"{name} has {count} lines: lower its {allowed} in LONG_FILES"


def test_no_file_is_too_long() -> None:
    """What does not fit in a head is not maintained."""
    lines = {name: len(text.splitlines()) for name, text in product()}

    findings = list(sizes_amiss(lines, LONG_FILES))

    assert not findings, "\n".join(findings)


def test_a_long_file_is_found() -> None:
    """The control."""
    assert list(sizes_amiss({"a.py": 401}, {}))


def test_a_file_that_grows_beyond_its_number_is_found() -> None:
    """The control: a place in the table is not a free pass."""
    assert list(sizes_amiss({"a.py": 501}, {"a.py": 500}))


def test_a_number_that_could_be_lower_is_found() -> None:
    """The control: numbers only go down, because they must follow the file."""
    assert list(sizes_amiss({"a.py": 450}, {"a.py": 500}))
    assert list(sizes_amiss({"a.py": 400}, {"a.py": 500}))


def test_files_within_their_numbers_are_let_through() -> None:
    """The other control."""
    assert not list(sizes_amiss({"a.py": 400, "b.py": 500}, {"b.py": 500}))
