"""A process that writes to a SQLite file as often as it can: `sqlite_writer PATH NAME SECONDS`."""

import asyncio
import sys
from pathlib import Path

from atoll.adapters.sqlite import open_sqlite


async def write(path: Path, name: str, seconds: float) -> None:
    """Write rows with the name, one transaction after the other."""
    now = asyncio.get_running_loop().time
    driver = await open_sqlite(path)
    until = now() + seconds
    while now() < until:
        session = await driver.begin(now() + 5)
        await session.execute("INSERT INTO turns VALUES (?)", (name,))
        await session.commit()
        await asyncio.sleep(0)
    await driver.close()


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
