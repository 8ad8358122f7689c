"""Keys of callers from outside."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.edge import Keys
from atoll.testing import MemoryDisk, SeededEntropy

FILE = "development.key"


def made(disk: MemoryDisk | None = None) -> tuple[Keys, str]:
    """Keys with the development key among them, and it."""
    keys = Keys(disk or MemoryDisk(), SeededEntropy())
    return keys, keys.development_key()


def test_the_development_key_is_made_once_and_only_its_owner_can_read_it() -> None:
    """A laptop asks for a key like production does."""
    disk = MemoryDisk()

    keys, key = made(disk)

    assert disk.files == {FILE: key.encode()}
    assert disk.private == {FILE}
    assert keys.development_key() == key
    assert key.startswith("atoll_")


def test_a_second_start_uses_the_key_of_the_first() -> None:
    """A curl line from yesterday still works."""
    disk = MemoryDisk()
    _, key = made(disk)

    again = Keys(disk, SeededEntropy(seed=1))

    assert again.development_key() == key
    assert again.user_of(f"Bearer {key}") == "developer"


def test_white_space_around_a_stored_key_is_no_part_of_it() -> None:
    """An editor has added a line end."""
    disk = MemoryDisk()
    mine = "atoll_mine_and_nobody_elses"
    disk.write(FILE, f" {mine}\r\n".encode())

    keys, key = made(disk)

    assert key == mine
    assert keys.user_of(f"Bearer {mine}") == "developer"
    assert FILE in disk.private, "whoever wrote it, only its owner can read it from now on"


@pytest.mark.parametrize("content", [b"", b"\n", b"  \t\r\n", b"short", b"\xff" * 40])
def test_an_emptied_file_does_not_open_the_door(content: bytes) -> None:
    """A new key is made, and no empty one is known."""
    disk = MemoryDisk()
    disk.write(FILE, content, private=True)

    keys, key = made(disk)

    assert len(key) > 20
    assert disk.files[FILE] == key.encode()
    assert [keys.user_of(header) for header in ("Bearer ", "Bearer", "Bearer  ", "bearer \t")] == [None] * 4


def test_a_file_that_is_no_text_gives_a_key_all_the_same() -> None:
    """It opens nothing by accident, and nothing crashes."""
    disk = MemoryDisk()
    disk.write(FILE, b"\xff\xfe", private=True)

    keys, _ = made(disk)

    assert keys.user_of("Bearer atoll") is None


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
def test_a_known_key_says_whose_it_is(scheme: str) -> None:
    """The scheme's letters may be of either case (RFC 9110, 11.1)."""
    keys, key = made()

    assert keys.user_of(f"{scheme}{key}") == "developer"


def test_what_is_not_a_known_key_opens_nothing() -> None:
    """Wrong keys, other schemes, odd headers."""
    keys, key = made()
    headers = [
        None,
        "",
        key,
        f" Bearer {key}",
        f"Basic {key}",
        f"Bearer{key}",
        f"Bearer\t{key}",
        f"Bearer {key[:-1]}",
        f"Bearer {key}x",
        f"Bearer {key.upper()}",
        f"Bearer {key} {key}",
        f"Bearer {key},Bearer {key}",
        f"Bearer {key}\x00",
        "Bearer \ud800",
        "Bearer ?",
        "Bearer " + "x" * 1_000_000,
    ]

    assert [keys.user_of(header) for header in headers] == [None] * len(headers)


@given(st.text(st.characters()))
def test_no_header_breaks_the_door(header: str) -> None:
    """Headers come from anywhere."""
    keys, key = made()

    assert keys.user_of(header) is None
    assert keys.user_of(f"Bearer {header}") == ("developer" if header.strip() == key else None)


def test_before_a_key_is_made_nothing_opens() -> None:
    """Not even an empty header."""
    keys = Keys(MemoryDisk(), SeededEntropy())

    assert keys.user_of("Bearer ") is None
    assert keys.user_of("Bearer x") is None


def test_keys_are_compared_in_constant_time_and_as_digests() -> None:
    """How long an answer takes must not tell how much of a key was right."""
    source = inspect.getsource(Keys.user_of)

    assert "hmac.compare_digest(" in source
    assert not {"==", "!=", ".get("} & set(source.split())


def test_the_key_itself_is_not_kept_in_memory() -> None:
    """Only what cannot be presented."""
    keys, key = made()

    assert key not in repr(vars(keys)["_users"])
    assert key.encode() not in vars(keys)["_users"]
