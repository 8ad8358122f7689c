"""Countries by what people write for them: a code, or a name in one of nine languages (Unicode CLDR, by Babel).

Babel's files are read when somebody asks first, and not at the start of each service that may.
"""

import functools
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import cast

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv")

ALIASES = {
    "uk": "GB", "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "usa": "US", "u.s.": "US", "u.s.a.": "US", "america": "US",
    "united states of america": "US", "vereinigte staaten von amerika": "US", "holland": "NL", "the netherlands": "NL",
    "korea": "KR", "republic of korea": "KR", "hong kong": "HK", "macau": "MO", "macao": "MO", "turkey": "TR",
    "czech republic": "CZ", "brd": "DE", "uae": "AE", "russian federation": "RU", "viet nam": "VN", "ivory coast": "CI",
}  # fmt: skip
"""What CLDR's own names leave out."""

LIKENESS_MIN = 0.88
"""Two names that differ in one letter of nine are alike."""

PRIMARY_ZONES = {
    "CL": "America/Santiago", "CN": "Asia/Shanghai", "DE": "Europe/Berlin", "EC": "America/Guayaquil",
    "ES": "Europe/Madrid", "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland", "PT": "Europe/Lisbon",
    "UA": "Europe/Kyiv", "UZ": "Asia/Tashkent",
}  # fmt: skip
"""Where one of several zones is nearly everybody's (CLDR's primary zones)."""


@functools.cache
def _territories() -> dict[str, str]:
    """Codes by lower-case name."""
    from babel import Locale  # noqa: PLC0415  # loads the data of all languages

    names: dict[str, str] = {}
    for language in LANGUAGES:
        territories = cast(Mapping[str, str], Locale(language).territories)  # babel's own type says less
        for code, name in territories.items():
            if is_country(code):
                names.setdefault(name.casefold(), code)
    return names | ALIASES


def is_country(code: str) -> bool:
    """Whether an upper-case code is a country's (ISO 3166-1 alpha-2).

    >>> is_country("DE"), is_country("EU"), is_country("XX")
    (True, False, False)
    """
    return len(code) == 2 and code != "ZZ" and code in _zones()


def country_code(written: str) -> str | None:
    """The code of a country however it is written; None when it is none that is known.

    >>> [country_code(name) for name in ("de", "Deutschland", "U.S.A.", "Österreich", "Atlantis")]
    ['DE', 'DE', 'US', 'AT', None]
    """
    text = " ".join(written.split())
    if is_country(text.upper()):
        return text.upper()
    return _territories().get(text.casefold()) or _territories().get(text.casefold().rstrip("."))


def nearest_country(written: str) -> str | None:
    """The English name of the country that a word with a slip in it was meant to be; None when it is like no name.

    >>> [nearest_country(name) for name in ("Germny", "Deutshland", "Atlantis")]
    ['Germany', 'Germany', None]
    """
    found = get_close_matches(" ".join(written.casefold().split()), _territories(), 1, LIKENESS_MIN)
    return english_name(_territories()[found[0]]) if found else None


def zone_of(country: str) -> str | None:
    """The time zone of nearly everybody in a country, by its code; None for one that spans several.

    >>> zone_of("FR"), zone_of("DE"), zone_of("US")
    ('Europe/Paris', 'Europe/Berlin', None)
    """
    zones = _zones().get(country, ())
    return zones[0] if len(zones) == 1 else PRIMARY_ZONES.get(country)


@functools.cache
def english_name(country: str) -> str | None:
    """What a country is called in English, by its code; None for a code that there is not.

    >>> english_name("AT"), english_name("XX")
    ('Austria', None)
    """
    from babel import Locale  # noqa: PLC0415  # as above

    return cast(Mapping[str, str], Locale("en").territories)[country] if is_country(country) else None


@functools.cache
def _zones() -> Mapping[str, Sequence[str]]:
    """Time zones by the country's code."""
    from babel.core import get_global  # noqa: PLC0415  # as above

    return cast(Mapping[str, Sequence[str]], get_global("territory_zones"))  # babel's own type says less
