"""A big file in pieces, each with the header line, in constant memory.

A piece ends at the end of a line, and not inside double quotes: where the number of quotes so far is even. That needs
neither the delimiter nor the encoding. A quote that is never closed would defeat it, so a piece ends after so many
lines more in any case; Capture then refuses the rows that are broken, and only those.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from typing import BinaryIO

from revenue.capture.decoding import wide_encoding
