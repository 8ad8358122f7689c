"""Countries are known by code and by name."""

import pytest

from revenue.countries import country_code, is_country, zone_of


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("de", "DE"), (" Germany ", "DE"), ("DEUTSCHLAND", "DE"), ("Allemagne", "DE"), ("Alemania", "DE"),
        ("USA", "US"), ("U.S.A.", "US"), ("United  States", "US"), ("UK", "GB"), ("England", "GB"), ("Holland", "NL"),
        ("Österreich", "AT"), ("Sverige", "SE"), ("Polska", "PL"), ("Schweiz", "CH"), ("Hong Kong", "HK"),
        ("Türkiye", "TR"), ("Turkey", "TR"), ("Atlantis", None), ("", None), ("ZZ", None), ("EU", None),
    ],
)  # fmt: skip
def test_a_country_is_known_however_it_is_written(written: str, code: str | None) -> None:
    """Codes in any case, names in nine languages, what people say for short."""
    assert country_code(written) == code


def test_regions_that_are_no_countries_are_none() -> None:
    """Nor is the code for an unknown one."""
    assert not any(is_country(code) for code in ("EU", "ZZ", "001", "UK", "de"))


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("FR", "Europe/Paris"),
        ("DE", "Europe/Berlin"),
        ("ES", "Europe/Madrid"),
        ("US", None),
        ("AU", None),
        ("XX", None),
    ],
)
def test_a_country_has_a_zone_when_nearly_everybody_lives_in_it(country: str, zone: str | None) -> None:
    """A guess among ten would help nobody."""
    assert zone_of(country) == zone
