"""What can be set from outside for Enrichment."""

from atoll import Personal, Settings


class EnrichmentSettings(Settings):
    """Settings of Enrichment.

    `secrets` are the keys of providers, by the names that their definitions have for them: as JSON in the environment,
    `REVENUE_ENRICHMENT_SECRETS='{"TWILIO_ACCOUNT": "sid:token"}'`. `sample_vendors` lets the made-up vendors be asked.
    `company_directory` is a CSV file of companies on the disk of each instance, read at the start where it has changed.
    `allows_loopback` lets providers be on this machine, with plain http: for trying one out.
    """

    secrets: Personal[dict[str, str]] = {}  # noqa: RUF012  # msgspec copies it
    sample_vendors: bool = False
    company_directory: str = ""
    allows_loopback: bool = False
