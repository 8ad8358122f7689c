"""What can be set for the console."""

from atoll import Settings


class ConsoleSettings(Settings):
    """Settings of the console, in `[console]` of `atoll.toml` or as `{APPLICATION}_CONSOLE_...`.

    It listens on this machine alone unless `host` says otherwise; where `port` is taken, on any free one (0 always).
    `hosts` are further names, with their ports, under which browsers may ask for it: `ops.example.com:8443` behind a
    proxy. A login lasts for `session_s` seconds.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    hosts: tuple[str, ...] = ()
    session_s: float = 12 * 3600.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"`port` is {self.port}, not a number from 0 to 65535")
        if not self.host.strip():
            raise ValueError("`host` is empty: write 127.0.0.1 for this machine alone")
        if not 60 <= self.session_s < float("inf"):
            raise ValueError(f"`session_s` is {self.session_s}, not a number of seconds from 60 on")
