"""Where the servers of `events_faststream` are: told by who starts them to the programs that use them."""

import msgspec


class Place(msgspec.Struct, frozen=True):
    """PostgreSQL is reached by the socket in its folder, the broker by its URL."""

    folder: str
    port: int
    user: str
    broker: str
