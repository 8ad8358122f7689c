"""Where the database of a service is, and that no password of it is shown."""

from pathlib import Path

import pytest

from atoll.data.places import (
    NAME_BYTES_MAX,
    SECTION,
    DatabaseSettings,
    PostgresPlace,
    SqlitePlace,
    place_of,
    schema_name,
    shown,
)
from atoll.kernel import Config, read_settings

STATE = Path("state")


def test_without_settings_it_is_a_file_in_the_folder_of_the_service() -> None:
    """Nothing has to be installed or set for a first service with data."""
    place = place_of("shop", "stock", STATE, DatabaseSettings())

    assert place == SqlitePlace(Path("state/stock/stock.db"))


def test_a_url_makes_it_a_schema_for_each_service() -> None:
    """One URL is enough for all of them, and none shares with another."""
    settings = DatabaseSettings(url="postgresql://owner:secret@db.example/shop")

    places = [place_of("shop", name, STATE, settings) for name in ("stock", "carts")]

    assert places == [
        PostgresPlace("postgresql://owner:secret@db.example/shop", "shop__stock"),
        PostgresPlace("postgresql://owner:secret@db.example/shop", "shop__carts"),
    ]


def test_a_services_own_url_counts_before_the_one_for_all() -> None:
    """Operators who provision by hand keep the administrator's password to themselves."""
    settings = DatabaseSettings(url="postgresql://owner@db/shop", services={"stock": "postgresql://stock@db/shop"})

    place = place_of("shop", "stock", STATE, settings)

    assert place == PostgresPlace("postgresql://stock@db/shop", "shop__stock", is_own=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [(("shop", "eu_stock"), ("shop_eu", "stock")), (("a" * 40, "b" * 40), ("a" * 40, "b" * 39 + "c"))],
)
def test_two_services_never_share_a_schema(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Where names would meet, or would be cut, one application could read another one's rows."""
    names = [schema_name(*one), schema_name(*other)]

    assert names[0] != names[1]
    assert max(map(len, names)) <= NAME_BYTES_MAX


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@db.example/shop",
        "postgresql://me:se%40cret@db.example/shop?sslmode=require",
        "postgresql:///shop?host=/run/postgresql&user=me&password=secret",
        "postgresql://me@db.example/shop?sslpassword=secret",
    ],
)
def test_no_password_is_shown(url: str) -> None:
    """Places stand in logs, in errors and on screens."""
    place = PostgresPlace(url, "shop__stock")
    settings = DatabaseSettings(url=url, services={"stock": url})

    assert "cret" not in f"{shown(url)} {place} {place!r} {settings!r}"


def test_settings_are_read_as_all_are() -> None:
    """From the file and the environment, which counts first."""
    text = '[database]\nurl = "postgresql://file@db/shop"\nservices = {stock = "postgresql://stock@db/shop"}\n'
    config = Config({"SHOP_DATABASE_URL": "postgresql://environment@db/shop"}, text=text)

    values, mistakes = read_settings({SECTION: DatabaseSettings}, "shop", config)

    assert not mistakes
    assert values[SECTION] == DatabaseSettings(
        url="postgresql://environment@db/shop", services={"stock": "postgresql://stock@db/shop"}
    )


def test_another_kind_of_database_is_a_mistake_that_does_not_repeat_the_url() -> None:
    """A URL holds a password more often than not."""
    config = Config({"SHOP_DATABASE_URL": "mysql://me:secret@db/shop"})

    _, mistakes = read_settings({SECTION: DatabaseSettings}, "shop", config)

    assert len(mistakes) == 1
    assert "postgresql://" in mistakes[0].what
    assert "secret" not in str(mistakes[0])
