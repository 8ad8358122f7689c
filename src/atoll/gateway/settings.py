"""What can be set for the gateway."""

from atoll import Settings
from atoll.edge import is_safe_url, is_url


class GatewaySettings(Settings):
    """Settings of the gateway, in `[gateway]` of `atoll.toml` or as `{APPLICATION}_GATEWAY_...`.

    `port` 0 takes any free one. `timeout_s` bounds each request from its headers to
    the answer, or to the first item of a stream, whatever deadline its caller asks for; `connections_max` connections
    are served at once, further ones are told to come back. `cors_origins`
    are the origins whose pages may call (`https://app.example.com`); none by default. `issuer` is who may issue tokens
    to users beside API keys (the `iss` of a JWT), `issuer_audience` what these have to be for (its `aud`), and
    `issuer_keys` where its public keys are: a file, or an https URL, as JWKS.
    Each caller may send `requests_per_s` in the long run, and `requests_burst` at once.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    body_max_bytes: int = 1024 * 1024
    timeout_s: float = 30.0
    drain_s: float = 10.0
    connections_max: int = 1_000
    cors_origins: tuple[str, ...] = ()
    issuer: str = ""
    issuer_audience: str = ""
    issuer_keys: str = ""
    requests_per_s: float = 1_000.0
    requests_burst: int = 2_000

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"`port` is {self.port}, not a number from 0 to 65535")
        if not self.host.strip():
            raise ValueError("`host` is empty: write 127.0.0.1 for this machine alone, 0.0.0.0 for whoever reaches it")
        if not 0 < self.requests_per_s < float("inf"):
            raise ValueError(f"`requests_per_s` is {self.requests_per_s}, not a number above zero")
        for name in ("timeout_s", "drain_s"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"`{name}` is {getattr(self, name)}, not a number of seconds above zero")
        for name in ("body_max_bytes", "connections_max", "requests_burst"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` is {getattr(self, name)}, not a number above zero")
        given = [bool(each) for each in (self.issuer, self.issuer_audience, self.issuer_keys)]
        if any(given) and not all(given):
            raise ValueError("set all three of `issuer`, `issuer_audience` and `issuer_keys`, or none of them")
        if is_url(self.issuer_keys) and not is_safe_url(self.issuer_keys):
            raise ValueError(f"`issuer_keys` is {self.issuer_keys}: use https, or http on this machine alone")
