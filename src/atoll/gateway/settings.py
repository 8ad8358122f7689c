"""What can be set for the gateway."""

from atoll import Settings


class GatewaySettings(Settings):
    """Settings of the gateway, in `[gateway]` of `atoll.toml` or as `{APPLICATION}_GATEWAY_...`.

    `port` 0 takes any free one. `timeout_s` bounds each request from its headers to
    the answer, or to the first item of a stream, whatever deadline its caller asks for; `connections_max` connections
    are served at once, further ones are told to come back. `cors_origins`
    are the origins whose pages may call (`https://app.example.com`); none by default.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    body_max_bytes: int = 1024 * 1024
    timeout_s: float = 30.0
    drain_s: float = 10.0
    connections_max: int = 1_000
    cors_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"`port` is {self.port}, not a number from 0 to 65535")
        if not self.host.strip():
            raise ValueError("`host` is empty: write 127.0.0.1 for this machine alone, 0.0.0.0 for whoever reaches it")
        for name in ("timeout_s", "drain_s"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"`{name}` is {getattr(self, name)}, not a number of seconds above zero")
        for name in ("body_max_bytes", "connections_max"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` is {getattr(self, name)}, not a number above zero")
