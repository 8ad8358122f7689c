"""What a spreadsheet would compute when somebody opens a file with it, rather than show.

There is no way to write such a cell that is safe there and means the same to a CRM: an apostrophe or a blank before it
would be imported with it, and quotes do not help, since a spreadsheet takes them away first. So it is not written.
Source: OWASP, CSV Injection.
"""

import re

NUMBER = re.compile(r"[+-]?\(?[0-9][0-9 ().,/x-]*", re.ASCII)
"""A number, or one to call: a spreadsheet makes at most another number of it, and asks nobody."""
SIGNS = frozenset("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
"""What a formula begins with, in signs of full width, too, which spreadsheets of Asia take as well."""
BEHIND = re.compile(r'[;\t\r\n][\s"]{0,8}[=@\uff1d\uff20]')
"""One behind what begins a new cell for spreadsheets that part by semicolons or tabs, as those of half of Europe do."""


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might compute a text: it is none of ours to say what.

    >>> [is_formula(text) for text in ("=1+1", "-2+3", "@sum(a1)", 'A; "=b()', "- yes")]
    [True, True, True, True, True]
    >>> [is_formula(text) for text in ("+49 30 1234-5", "-7", "A; B", "a - b", "x=1")]
    [False, False, False, False, False]
    """
    if text[0] in SIGNS:
        return NUMBER.fullmatch(text) is None
    return BEHIND.search(text) is not None
