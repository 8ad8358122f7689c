"""What can be set for the gateway."""

from atoll import Settings


class GatewaySettings(Settings):
    """Settings of the gateway, in `[gateway]` of `atoll.toml` or as `{APPLICATION}_GATEWAY_...`.

    `port` 0 takes any free one. `timeout_s` bounds each request, whatever deadline its caller asks for. `cors_origins`
    are the origins whose pages may call (`https://app.example.com`); none by default.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    body_max_bytes: int = 1024 * 1024
    timeout_s: float = 30.0
    drain_s: float = 10.0
    cors_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"`port` is {self.port}, not a number from 0 to 65535")
        if self.body_max_bytes < 1 or self.timeout_s <= 0:
            raise ValueError("`body_max_bytes` and `timeout_s` have to be above zero")
