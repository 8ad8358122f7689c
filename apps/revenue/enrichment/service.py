"""Enrichment, from what the libraries know."""

from atoll import Service

from .contract import ContactPoints, Enrichment, Profile


class EnrichmentService(Service, Enrichment, owner="revenue-operations"):
    """Says what an e-mail address, a phone number and a website give away, from tables it carries."""

    async def start(self) -> None:
        """Load the tables, so that the first lead does not wait for them."""
        await self.domain("example.com")

    async def profile(self, points: ContactPoints) -> Profile:
        """All facts about a lead."""
        from .profile import profile_of  # noqa: PLC0415  # the tables take 0.3 s: importing a service stays quick

        return profile_of(points)

    async def domain(self, name: str) -> Profile:
        """The facts about a domain."""
        from .profile import domain_profile  # noqa: PLC0415  # as above

        return domain_profile(name)
