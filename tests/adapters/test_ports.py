"""What the ports of the ground floor promise, asked of every driver: the machine's own, and those for tests."""

import asyncio
import datetime
import random
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from atoll.adapters.system import SystemClock, SystemDisk, SystemEntropy, Uuids7
from atoll.kernel import Clock, Disk, Entropy
from atoll.testing import LoopClock, MemoryDisk, SeededEntropy, SettableClock
from tests.patience import PATIENCE_S

each_clock = pytest.mark.parametrize(
    "clock", [SystemClock(), LoopClock(), SettableClock()], ids=lambda it: type(it).__name__
)
each_entropy = pytest.mark.parametrize("make", [SystemEntropy, SeededEntropy])


@pytest.fixture(params=["machine", "memory"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    """Each driver of the disk."""
    return SystemDisk(tmp_path / "deep" / "folder") if request.param == "machine" else MemoryDisk()


@each_clock
async def test_now_is_aware_and_in_utc(clock: Clock) -> None:
    """Whatever the machine thinks of time zones."""
    assert clock.now().tzinfo is datetime.UTC


@each_clock
async def test_monotonic_time_is_the_loop_s(clock: Clock) -> None:
    """So that it can be compared with a deadline."""
    before = asyncio.get_running_loop().time()

    now = clock.monotonic()

    assert before <= now <= asyncio.get_running_loop().time()


@each_clock
def test_monotonic_time_is_there_without_a_loop(clock: Clock) -> None:
    """In a thread, or before the loop runs."""
    assert clock.monotonic() <= clock.monotonic()


def test_the_system_clock_tells_the_time() -> None:
    """Of the machine."""
    assert abs(SystemClock().now().timestamp() - time.time()) < 5


def test_a_settable_clock_stands_still_until_it_is_told_otherwise() -> None:
    """By a step, or to a moment."""
    clock = SettableClock(datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2))))
    times = [clock.now(), clock.now()]

    clock.advance(datetime.timedelta(minutes=5))
    times.append(clock.now())
    clock.set(datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC))
    times.append(clock.now())

    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in times] == [
        "2026-05-01 10:00",
        "2026-05-01 10:00",
        "2026-05-01 10:05",
        "2027-01-01 00:00",
    ]


@each_entropy
def test_bits_are_as_many_as_asked_for(make: Callable[[], Entropy]) -> None:
    """None more, and sooner or later all of them."""
    entropy = make()

    numbers = [entropy.bits(8) for _ in range(500)]

    assert min(numbers) >= 0
    assert max(numbers) < 256
    assert max(numbers) > 200


@each_entropy
def test_identifiers_are_of_version_7_and_later_ones_sort_later(make: Callable[[], Entropy]) -> None:
    """Also many in one millisecond."""
    entropy = make()

    made = [entropy.uuid() for _ in range(5_000)]

    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_identifiers_sort_later_while_a_clock_goes_back() -> None:
    """A leap, or somebody who sets it."""
    uuids = Uuids7()

    made = [uuids.next(milliseconds, 2**74 - 1) for milliseconds in (1_000, 999, 1, 1_000, 1_001, 1_002)]

    assert made == sorted(made)
    assert len(set(made)) == 6
    assert made[0].int >> 80 == 1_000


def test_identifiers_made_in_many_threads_are_all_different() -> None:
    """Blocking handlers make some, too."""
    entropy = SystemEntropy()
    made: list[list[object]] = [[] for _ in range(8)]

    def work(into: list[object]) -> None:
        into.extend(entropy.uuid() for _ in range(500))

    threads = [threading.Thread(target=work, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({each for some in made for each in some}) == 4_000


@each_entropy
def test_tokens_are_long_different_and_fit_for_an_address(make: Callable[[], Entropy]) -> None:
    """They become keys."""
    entropy = make()

    tokens = {entropy.token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(len(token) >= 32 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)


@each_entropy
def test_generators_are_their_own(make: Callable[[], Entropy]) -> None:
    """One does not disturb another."""
    entropy = make()

    first, second = entropy.random(), entropy.random()

    assert isinstance(first, random.Random)
    assert first.random() != second.random()


def test_a_seed_repeats_everything() -> None:
    """In the same order, and another one nothing."""

    def drawn(seed: int) -> list[object]:
        entropy = SeededEntropy(seed)
        return [entropy.bits(64), entropy.uuid(), entropy.token(), entropy.random().random(), entropy.uuid()]

    assert drawn(1) == drawn(1)
    assert not set(drawn(1)) & set(drawn(2))
    assert str(drawn(1)[2]).startswith("test-"), "it says that it is no secret"


def test_a_file_that_was_not_written_is_not_there(disk: Disk) -> None:
    """None, not an error."""
    disk.remove("nothing")

    assert disk.read("nothing") is None


def test_a_file_is_read_as_it_was_written(disk: Disk) -> None:
    """The last time, below folders that are made when they are missing."""
    disk.write("a/b/state", b"one")
    disk.write("a/b/state", b"\x00two")

    assert disk.read("a/b/state") == b"\x00two"
    assert disk.read("a/./b/../b/state") == b"\x00two"


def test_a_file_is_made_once(disk: Disk) -> None:
    """By whoever finds it missing; what is there stays, also where it is empty."""
    first = disk.ensure("a/key", lambda: b"one", private=True)
    again = disk.ensure("a/key", lambda: b"two", private=True)
    disk.write("b", b"")

    assert (first, again) == (b"one", b"one")
    assert disk.ensure("b", lambda: b"three") == b""


def test_all_who_make_a_file_at_once_are_given_the_same(tmp_path: Path) -> None:
    """A key of which each had its own would open one instance of several."""
    begin = threading.Barrier(8)

    def key(number: int) -> bytes:
        begin.wait(PATIENCE_S)
        return SystemDisk(tmp_path / "state").ensure("key", lambda: b"%d" % number, private=True)

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(key, range(8)))

    assert found == {(tmp_path / "state" / "key").read_bytes()}


def test_a_file_that_was_removed_is_gone(disk: Disk) -> None:
    """And only that one."""
    disk.write("a", b"1")
    disk.write("b", b"2")

    disk.remove("a")

    assert (disk.read("a"), disk.read("b")) == (None, b"2")


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", ".."])
def test_no_name_leaves_the_folder(disk: Disk, name: str) -> None:
    """A service sees its own folder and nothing else."""
    with pytest.raises(PermissionError, match="leaves the folder"):
        disk.read(name)
    with pytest.raises(PermissionError, match="leaves the folder"):
        disk.write(name, b"x")
    with pytest.raises(PermissionError, match="leaves the folder"):
        disk.remove(name)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    """Names are followed before they are judged."""
    (tmp_path / "secret").write_text("x")
    disk = SystemDisk(tmp_path / "folder")
    disk.write("a", b"1")
    (tmp_path / "folder" / "link").symlink_to(tmp_path)

    with pytest.raises(PermissionError):
        disk.read("link/secret")


def test_people_are_told_where_a_file_is(disk: Disk) -> None:
    """For messages."""
    assert disk.location("state").endswith("state")


def test_a_private_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """From its first moment, and until it is written otherwise."""
    disk = SystemDisk(tmp_path)

    disk.write("key", b"secret", private=True)
    private = stat.S_IMODE((tmp_path / "key").stat().st_mode)
    disk.write("key", b"no secret")

    assert private == 0o600
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """Readers see the old content or the new."""
    disk = SystemDisk(tmp_path)
    disk.write("state", b"old")

    with pytest.raises(TypeError):
        disk.write("state", cast(bytes, "no bytes"))

    assert disk.read("state") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
