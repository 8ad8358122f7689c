"""Files that several append to: no whole line is lost, whoever writes at the same moment and whatever was cut off."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from atoll.adapters.appending import append

LINE = b"x" * 99 + b"\n"
BYTES_MAX = 300


def test_whoever_puts_a_long_file_away_does_it_once(tmp_path: Path) -> None:
    """Of two who find it too long the second one put the new one into its place, and all that was in it was lost."""
    path, before = tmp_path / "lines", tmp_path / "lines.1"

    def write(_: int) -> None:
        append(path, before, LINE, BYTES_MAX)
        assert not before.exists() or before.stat().st_size > BYTES_MAX

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(10_000)))


def test_what_was_cut_off_is_a_line_of_its_own(tmp_path: Path) -> None:
    """And what follows stands whole behind it."""
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntw")

    append(path, tmp_path / "lines.1", b"three\n", BYTES_MAX)
    append(path, tmp_path / "lines.1", b"four\n", BYTES_MAX)

    assert path.read_bytes().splitlines() == [b"one", b"tw", b"three", b"four"]
