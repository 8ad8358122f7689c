"""What can be set for Capture: the secrets of those who post webhooks, and how long what was sent is kept."""

from atoll import Personal, Settings


class CaptureSettings(Settings):
    """Settings of Capture, in `[capture]` of `atoll.toml` or as `REVENUE_CAPTURE_...`.

    `secrets` are those of the sources of webhooks, by the name that the rules give them:
    `REVENUE_CAPTURE_SECRETS='{"calendly": "whsec_..."}'`. While one is changed, both stand there, parted by a blank.
    `raw_days` is for how many days submissions are kept as they were sent.
    """

    secrets: Personal[dict[str, str]] = {}  # noqa: RUF012  # msgspec copies defaults
    raw_days: float = 90.0

    def __post_init__(self) -> None:
        if not 0 < self.raw_days <= 36_500:
            raise ValueError(f"`raw_days` is {self.raw_days}: give days from above 0 to 36500")

    def secrets_of(self, name: str) -> tuple[str, ...]:
        """The secrets of this name; none where none is set."""
        return tuple(self.secrets.get(name, "").split())
