"""What Scoring does without Enrichment."""

from revenue.enrichment.contract import ContactPoints, Profile


class OfflineEnrichment:
    """Knows nothing and says so, so that a lead gets a provisional score instead of none."""

    async def profile(self, points: ContactPoints) -> Profile:
        """No facts."""
        return Profile(is_complete=False)

    async def domain(self, name: str) -> Profile:
        """No facts."""
        return Profile(is_complete=False)
