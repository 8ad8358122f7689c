"""How words are written so that equal ones look equal: no case, no accents, no marks. Pure."""

import unicodedata
from functools import lru_cache

SPELT = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
"""Letters that no decomposition takes apart."""


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """Lower-case letters and digits, parted by single blanks; an apostrophe parts nothing.

    >>> folded("  O'Farrowell-Lyle "), folded("MÜHLENBRÜCK"), folded("Søren & Söhne")
    ('ofarrowell lyle', 'muhlenbruck', 'soren sohne')
    """
    plain = text.casefold()
    if not plain.isascii():
        spelt = unicodedata.normalize("NFKD", plain.translate(SPELT))
        plain = "".join(char for char in spelt if not unicodedata.combining(char))
    plain = plain.replace("'", "").replace("\u2019", "").replace("`", "")
    if plain.isalnum():
        return plain
    return " ".join("".join(char if char.isalnum() else " " for char in plain).split())


def digits_of(text: str) -> str:
    """The digits in it (ASCII).

    >>> digits_of("+49 (0)30-231250")
    '49030231250'
    """
    return "".join(char for char in text if "0" <= char <= "9")


CODES = {
    "b": "1", "f": "1", "p": "1", "v": "1", "w": "1",
    "c": "2", "g": "2", "j": "2", "k": "2", "q": "2", "s": "2", "x": "2", "z": "2",
    "d": "3", "t": "3", "l": "4", "m": "5", "n": "5", "r": "6",
}  # fmt: skip


@lru_cache(maxsize=20_000)
def sound_of(word: str) -> str:
    """What a folded word sounds like, roughly: its first letter's class and the next three consonants' classes.

    After Soundex (US patents 1,261,167 and 1,435,663), but the first letter counts by its class as well, so that Carl
    and Karl sound alike.

    >>> sound_of("carl") == sound_of("karl"), sound_of("meier") == sound_of("mayer"), sound_of("ada")
    (True, True, 'a3')
    """
    first = word[:1]
    sound = [CODES.get(first, "a" if first else "")]
    last = CODES.get(first, "")
    for char in word[1:]:
        code = CODES.get(char, "")
        if code and code != last:
            sound.append(code)
            if len(sound) == 4:
                break
        if char not in "hw":
            last = code
    return "".join(sound)
