"""Rings: what was written is there, whatever becomes of the writer."""

import errno
import os
import random
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest

from atoll.adapters.rings import BLOCK, RECORD_MAX, NotARing, RingReader, RingWriter
from tests.events.failures.disks import small_disk
from tests.house.checkout import ROOT


def numbered(number: int, chance: random.Random, most: int = 300) -> bytes:
    """A record that says which it is, of any length."""
    return number.to_bytes(4, "big") + bytes(chance.randrange(most))


def numbers(reader: RingReader) -> list[int]:
    """Which records there are to read, up to the end of what was written when it was asked."""
    return [int.from_bytes(record[:4], "big") for _, record in reader.read(bytes_max=1 << 30)]


@pytest.mark.parametrize("seed", range(5))
def test_a_reader_who_keeps_up_reads_everything(tmp_path: Path, seed: int) -> None:
    """Round after round, in order, also where records and blocks do not fit."""
    chance = random.Random(seed)
    writer = RingWriter(tmp_path / "a.ring", "scoring-1", blocks=8)
    reader = RingReader(tmp_path / "a.ring")
    found: list[int] = []

    for number in range(20_000):
        writer.write(numbered(number, chance))
        if chance.random() < 0.01:
            found += numbers(reader)
    found += numbers(reader)

    assert reader.name == "scoring-1"
    assert found == list(range(20_000))
    assert (reader.missed_bytes, reader.is_at_end) == (0, True)


def test_a_reader_who_is_too_slow_misses_the_oldest_and_knows_it(tmp_path: Path) -> None:
    """What is left is whole, in order, and up to the last."""
    chance = random.Random(1)
    writer = RingWriter(tmp_path / "a.ring", "x", blocks=4)
    reader = RingReader(tmp_path / "a.ring")

    for number in range(10_000):
        writer.write(numbered(number, chance))
    found = numbers(reader)

    assert found == list(range(found[0], 10_000))
    assert found[0] > 0
    assert reader.missed_bytes > 0


def test_reading_goes_on_from_a_position(tmp_path: Path) -> None:
    """That of another reader, before: whoever collects may end and begin anew."""
    writer = RingWriter(tmp_path / "a.ring", "x", blocks=2)
    for number in range(10):
        writer.write(number.to_bytes(4, "big"))
    first = RingReader(tmp_path / "a.ring")
    positions = [position for position, _ in first.read()]

    assert numbers(RingReader(tmp_path / "a.ring", positions[6])) == [7, 8, 9]


def test_the_longest_record_fits_and_a_longer_one_is_left_out(tmp_path: Path) -> None:
    """And counted; what comes after it is there."""
    writer = RingWriter(tmp_path / "a.ring", "x", blocks=4)
    reader = RingReader(tmp_path / "a.ring")

    for record in (b"a", bytes(RECORD_MAX), bytes(RECORD_MAX + 1), b"b"):
        writer.write(record)

    assert [len(record) for _, record in reader.read()] == [1, RECORD_MAX, 1]
    assert writer.lost == 1


WRITER = """
import sys
from pathlib import Path
from atoll.adapters.rings import RingWriter
writer = RingWriter(Path(sys.argv[1]), "killed")
for number in range(1_000_000):
    writer.write(number.to_bytes(4, "big") * 20)
    if number % 10 == 0:
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
"""


@pytest.mark.parametrize("lines", [1, 50, 500])
def test_what_was_written_outlives_a_killed_writer(tmp_path: Path, lines: int) -> None:
    """SIGKILL in the middle: every record that `write` had returned for is there, and the reader knows of its end."""
    place = tmp_path / "a.ring"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(place)], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(lines)]
        reader = RingReader(place)
        is_there = not reader.is_left
        process.send_signal(signal.SIGKILL)
        process.wait()
        said += [int(line) for line in process.stdout.read().split(b"\n")[:-1]]

    found = numbers(reader)

    assert is_there
    assert reader.is_left
    assert found[-1] >= said[-1]
    assert found == list(range(found[0], found[-1] + 1))
    assert found[0] == 0 or reader.missed_bytes


def test_what_was_written_is_never_taken_back(tmp_path: Path) -> None:
    """Whoever looks, or kills, between any two steps of the writer finds all that was there a moment before."""
    place = tmp_path / "a.ring"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(place)], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        process.stdout.readline()
        reader = RingReader(place)
        next(reader.read())
        looks: list[bool] = []
        for line in process.stdout:  # so that the writer goes on
            looks.append(any(reader.is_at_end for _ in range(100)))
            if int(line) > 50_000:
                break
        process.kill()

    assert not any(looks)


@contextmanager
def no_longer_than(seconds: int) -> Generator[None]:
    """End what would never end."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("seed", range(20))
def test_what_a_machine_that_stopped_has_not_written_ends_no_reader(tmp_path: Path, seed: int) -> None:
    """Any page of the file may be an older one, or empty: what is there is read, and reading comes to its end."""
    chance = random.Random(seed)
    writer = RingWriter(tmp_path / "a.ring", "x", blocks=4)
    for number in range(chance.choice([10, 800, 3_000])):
        writer.write(numbered(number, chance))
    writer.close()
    content = bytearray((tmp_path / "a.ring").read_bytes())
    for _ in range(chance.randrange(1, 4)):
        page = chance.randrange(1, len(content) // 4096)
        content[page * 4096 : (page + 1) * 4096] = chance.choice([bytes(4096), chance.randbytes(4096)])
    content[4096:8192] = bytes(4096) if seed % 2 else content[4096:8192]
    (tmp_path / "a.ring").write_bytes(content)
    reader = RingReader(tmp_path / "a.ring")

    with no_longer_than(20):
        found = numbers(reader)

    assert reader.is_at_end
    assert len(found) < 10_000


def test_a_file_that_is_no_ring_is_refused(tmp_path: Path) -> None:
    """Also one that is not whole yet."""
    for content in (b"", b"x" * 100, bytes(4096 + BLOCK), b"atoll-r1" + bytes(4096 + BLOCK)):
        (tmp_path / "a.ring").write_bytes(content)
        with pytest.raises(NotARing):
            RingReader(tmp_path / "a.ring")


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """What an application does is its owner's."""
    RingWriter(tmp_path / "rings" / "a.ring", "x")

    assert (tmp_path / "rings" / "a.ring").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "rings").stat().st_mode & 0o777 == 0o700


def test_a_place_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """The ring is in memory, and says why."""
    (tmp_path / "rings").write_text("a file")

    writer = RingWriter(tmp_path / "rings" / "a.ring", "x", blocks=1)
    writer.write(b"still taken")

    assert "rings" in writer.why_not


def _fill(file: Path) -> None:
    """Take what is left of a disk."""

    def write() -> None:
        with file.open("wb", buffering=0) as rest:
            while rest.write(bytes(4_096)):
                pass

    with pytest.raises(OSError, match="space"):
        write()


@pytest.mark.slow
def test_a_full_disk_is_met_at_the_start_and_never_after(tmp_path: Path) -> None:
    """A page without a place on the disk would end the process: so all places are taken when the ring is made."""
    with small_disk(tmp_path / "disk", 4) as disk:
        writer = RingWriter(disk / "small.ring", "x", blocks=16)
        refused = RingWriter(disk / "big.ring", "x", blocks=128)
        assert not writer.why_not
        assert os.strerror(errno.ENOSPC) in refused.why_not
        assert not (disk / "big.ring").exists()
        _fill(disk / "rest")

        for number in range(100_000):
            writer.write(number.to_bytes(4, "big") * 10)
            refused.write(number.to_bytes(4, "big") * 10)

        assert numbers(RingReader(disk / "small.ring"))[-1] == 99_999
