"""Countries as a CRM writes them: by English name, or by code (Unicode CLDR, by Babel)."""

import functools
from collections.abc import Mapping
from typing import cast

from .fields import Country

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv")
ALIASES = {
    "uk": "GB", "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "usa": "US", "u.s.": "US", "u.s.a.": "US", "america": "US", "united states of america": "US", "holland": "NL",
    "the netherlands": "NL", "korea": "KR", "hong kong": "HK", "macau": "MO", "turkey": "TR", "czech republic": "CZ",
}  # fmt: skip
"""What CLDR's own names leave out."""


@functools.lru_cache(maxsize=4_096)
def written_country(text: str, country: Country) -> str:
    """A country as the CRM writes it; what is known as none stays as it is.

    >>> [written_country(text, Country.NAME) for text in ("de", "Österreich", "U.S.A.", "Atlantis")]
    ['Germany', 'Austria', 'United States', 'Atlantis']
    >>> written_country("Deutschland", Country.CODE)
    'DE'
    """
    codes, names = _codes()
    word = " ".join(text.split())
    code = word.upper() if word.upper() in names else codes.get(word.casefold())
    if code is None:
        return text
    return code if country is Country.CODE else names[code]


@functools.cache
def _codes() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Codes by name in small letters, and English names by code. It reads files, so that it waits until it is asked."""
    from babel import Locale  # noqa: PLC0415  # loads the data of all languages
    from babel.core import get_global  # noqa: PLC0415  # as above

    zones = get_global("territory_zones")
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in cast(Mapping[str, str], Locale(language).territories).items():
            if len(code) == 2 and code != "ZZ" and code in zones:
                codes.setdefault(name.casefold(), code)
                names.setdefault(code, name)
    return codes | ALIASES, names
