"""Files of rules as plain values, and where each of them stands."""

from pathlib import Path

import pytest

from atoll import Mistakes
from revenue.cli.gtm.documents import Document, read_document

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 10)}]\n" for each in range(1, 9)
)


def written(folder: Path, text: str | bytes, name: str = "routing.yaml") -> Path:
    """A file with this text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_words_that_look_like_something_else_stay_words(tmp_path: Path) -> None:
    """Norway is no falsehood, and half past nine no number."""
    document = read_document(written(tmp_path, "countries: [NO, SE]\nfrom: 09:30\nactive: true\nweight: 2\n"))

    assert document.value == {"countries": ["NO", "SE"], "from": "09:30", "active": True, "weight": 2}


def test_every_value_has_its_line(tmp_path: Path) -> None:
    """That of its key, or of its place in a list; what has none has that of its whole."""
    document = read_document(written(tmp_path, "# reps\nreps:\n  - id: ann\n    name: Ann\n  - id: bob\n"))

    assert document.source(("reps", 0, "name")).line == 4
    assert document.source(("reps", 1, "unheard")).line == 5
    assert document.source(()).line == 1


def test_a_table_is_a_list_of_rows(tmp_path: Path) -> None:
    """Empty cells say nothing, and empty lines are none."""
    document = read_document(written(tmp_path, "id,name\nann,Ann\n\nbob,\n", "reps.csv"))

    assert document == Document(document.path, [{"id": "ann", "name": "Ann"}, {"id": "bob"}], {(0,): 2, (1,): 4}, True)


@pytest.mark.parametrize(
    ("text", "name", "line", "word"),
    [
        ("a: 1\na: 2\n", "x.yaml", 2, "duplicate"),
        ("a: [1\nb: 2\n", "x.yaml", 2, "no YAML"),
        ("b: 1\na: !!python/object:os.system 1\n", "x.yaml", 2, "means nothing"),
        (BOMB, "x.yaml", 1, "more than"),
        (b"a: \xff\n", "x.yaml", 1, "UTF-8"),
        ("id,name\nann\n", "x.csv", 2, "1 cells"),
        ('id,name\nann,"Ann\n', "x.csv", 2, "no CSV"),
    ],
)
def test_what_is_no_file_of_rules_is_refused_on_its_line(
    tmp_path: Path, text: str | bytes, name: str, line: int, word: str
) -> None:
    """With a word about what is wrong: a tag that names code, and ten lines that say a thousand million things, too."""
    path = written(tmp_path, text, name)

    with pytest.raises(Mistakes) as refused:
        read_document(path)

    (mistake,) = refused.value.mistakes
    assert mistake.where is not None
    assert (mistake.where.file, mistake.where.line) == (str(path), line)
    assert word in mistake.what
