"""Countries as a CRM writes them: by English name, or by code."""

import functools

from revenue.countries import country_code, english_name

from .fields import Country


@functools.lru_cache(maxsize=4_096)
def written_country(text: str, country: Country) -> str:
    """A country as the CRM writes it; what is known as none stays as it is.

    >>> [written_country(text, Country.NAME) for text in ("de", "Österreich", "U.S.A.", "Atlantis")]
    ['Germany', 'Austria', 'United States', 'Atlantis']
    >>> written_country("Deutschland", Country.CODE)
    'DE'
    """
    code = country_code(text)
    if code is None:
        return text
    return code if country is Country.CODE else english_name(code) or text
