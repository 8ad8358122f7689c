"""An import as somebody makes it who sends a piece again when it has failed, and who meddles meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from io import BytesIO

from atoll import Problem
from revenue.capture.contract import Capture, ImportReport, LeadFile
from revenue.cli.pieces import pieces

Sent = Awaitable[ImportReport]
Meddling = Callable[[int, Sent], Sent]
"""Gets the number of a piece and its call, and answers what becomes of that."""


async def imported(capture: Capture, content: bytes, rows: int, meddling: Meddling, patience_s: float) -> None:
    """Import a file in pieces of so many rows; each is waited for so long at most."""
    for number, piece in enumerate(pieces(BytesIO(content), rows)):
        file = LeadFile(
            file_name="leads.csv", content=piece.content, first_row_line=piece.first_row_line, import_id="sample"
        )
        async with asyncio.timeout(patience_s):
            while True:
                try:
                    await meddling(number, capture.import_file(file))
                    break
                except Problem:
                    await asyncio.sleep(0.05)
