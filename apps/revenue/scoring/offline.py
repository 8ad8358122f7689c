"""What Scoring says without Enrichment, when it is asked what a lead would score."""

from revenue.enrichment.contract import ContactPoints, Profile


class OfflineEnrichment:
    """Knows nothing and says so, so that whoever asks is given a provisional score instead of none.

    Leads that come in do not need it: they are scored when Enrichment has found out about them, however late.
    """

    async def profile(self, points: ContactPoints) -> Profile:
        """No facts."""
        return Profile(is_complete=False)

    async def latest(self, lead_id: str) -> Profile:
        """No facts."""
        return Profile(is_complete=False)

    async def domain(self, name: str) -> Profile:
        """No facts."""
        return Profile(is_complete=False)
