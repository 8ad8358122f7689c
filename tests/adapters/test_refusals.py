"""Refusals are kept: once for each kind and minute, within bounds, whatever becomes of the process."""

import json
import logging
import random
from pathlib import Path

import pytest

from atoll.adapters.refusals import (
    BYTES_MAX,
    CHARS_MAX,
    FILE,
    KINDS_MAX,
    WINDOW_S,
    Refusal,
    RefusalFile,
    kept_refusals,
    refusals_in,
)


def told(file: RefusalFile, at: float, caller: str = "visitor", reason: str = "it may not", **more: object) -> None:
    """What a refusal tells the log."""
    record = logging.LogRecord("atoll.access", logging.WARNING, "", 0, "refused", None, None)
    record.created = at
    vars(record).update({"caller": caller, "operation": "vault.open", "reason": reason, "trace_id": "t"} | more)
    file.handle(record)


def test_the_first_is_written_at_once_and_the_rest_is_counted(tmp_path: Path) -> None:
    """Who dies a moment later has written it; who goes on for a minute has written two lines."""
    file = RefusalFile(tmp_path)
    told(file, 100.0)
    first = list(refusals_in(tmp_path))
    for number in range(1_000):
        told(file, 100.0 + number / 1_000)
    same = list(refusals_in(tmp_path))
    told(file, 100.0 + WINDOW_S)
    later = [(each.at, each.count) for each in refusals_in(tmp_path)]

    assert first == same == [Refusal(100.0, "visitor", "vault.open", "it may not", "", "t")]
    assert later == [(100.0, 1), (100.0, 1_000), (100.0 + WINDOW_S, 1)]


def test_a_clock_that_is_set_back_hides_nobody(tmp_path: Path) -> None:
    """By a day, say: who tries again then is written down, and not only counted until the day has passed."""
    file = RefusalFile(tmp_path)
    told(file, 86_500.0)
    told(file, 100.0)

    assert [each.at for each in refusals_in(tmp_path)] == [86_500.0, 100.0]


def test_what_was_counted_is_written_at_the_end(tmp_path: Path) -> None:
    """An application that is stopped loses no count."""
    with kept_refusals(tmp_path):
        for _ in range(3):
            noted = {"caller": "visitor", "operation": "vault.open", "reason": "it may not"}
            logging.getLogger("atoll.access").warning("refused", extra=noted)
        logging.getLogger("atoll.access").warning("something else is told here, too")

    assert [each.count for each in refusals_in(tmp_path)] == [1, 2]


def test_nobody_is_mixed_up_with_another_one(tmp_path: Path) -> None:
    """Whatever is drawn: as many refusals are found as were told, of each kind."""
    chance, file, at = random.Random(7), RefusalFile(tmp_path), 0.0
    wanted: dict[tuple[str, str], int] = {}
    for _ in range(5_000):
        at += chance.random()
        kind = chance.choice("abcde"), chance.choice("xyz")
        wanted[kind] = wanted.get(kind, 0) + 1
        told(file, at, *kind)
    file.close()

    found: dict[tuple[str, str], int] = {}
    for each in refusals_in(tmp_path):
        found[each.caller, each.reason] = found.get((each.caller, each.reason), 0) + each.count
    assert found == wanted


def test_a_stranger_fills_neither_memory_nor_disk(tmp_path: Path) -> None:
    """He may call himself something else each time, as long as he likes."""
    file = RefusalFile(tmp_path)
    for number in range(3 * KINDS_MAX):
        told(file, 1.0, caller=f"{number}." * 5_000)
    file.close()
    kept = list(refusals_in(tmp_path))

    assert len(kept) == KINDS_MAX + 2
    assert sum(each.count for each in kept) == 3 * KINDS_MAX
    assert max(len(each.caller) for each in kept) == CHARS_MAX


def test_the_file_is_bounded(tmp_path: Path) -> None:
    """What is older than one file before this one has gone."""
    file = RefusalFile(tmp_path)
    for number in range(3 * BYTES_MAX // 400):
        told(file, number * WINDOW_S, reason="r" * CHARS_MAX)

    assert sum(each.stat().st_size for each in tmp_path.iterdir()) < 2 * BYTES_MAX + 1_000
    assert len(list(tmp_path.iterdir())) == 2
    assert list(refusals_in(tmp_path))[-1].at == (3 * BYTES_MAX // 400 - 1) * WINDOW_S


@pytest.mark.parametrize("sent", ['"}\n{"at":0}', "a\nb", "\u2028\x00\ud800"])
def test_nobody_writes_a_line_of_his_own(tmp_path: Path, sent: str) -> None:
    """What was sent is a word within a line."""
    file = RefusalFile(tmp_path)
    told(file, 1.0, caller=sent)
    file.close()

    assert len((tmp_path / FILE).read_bytes().splitlines()) == 1
    assert json.loads((tmp_path / FILE).read_bytes())["reason"] == "it may not"


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_line_that_was_cut_off_is_passed_over(tmp_path: Path, end: str) -> None:
    """Its process was killed, or its disk was full: the next one is a line of its own, wherever that one ended."""
    file = RefusalFile(tmp_path)
    told(file, 1.0)
    with (tmp_path / FILE).open("ab") as kept:
        kept.write(b'{"at":2.0,"cal' + end.encode())
    told(file, 3.0, caller="other")

    assert [each.at for each in refusals_in(tmp_path)] == [1.0, 3.0]


def test_a_disk_that_takes_nothing_hinders_nobody(tmp_path: Path) -> None:
    """The refusal stands, and the log has it."""
    (tmp_path / FILE).mkdir()
    file = RefusalFile(tmp_path)
    told(file, 1.0)
    file.close()

    assert not list((tmp_path / FILE).iterdir())
