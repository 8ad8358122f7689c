"""Enrichment, from what the libraries know."""

from atoll import Service

from .contract import ContactPoints, Enrichment, Profile

WARMING = ContactPoints(email="ada@example.com", phone="+1 212 555 0100", country="Germany")
"""A lead that makes use of every table."""


class EnrichmentService(Service, Enrichment, owner="revenue-operations"):
    """Says what an e-mail address, a phone number and a website give away, from tables it carries."""

    async def start(self) -> None:
        """Load the tables, so that the first lead does not wait for them."""
        await self.profile(WARMING)

    async def profile(self, points: ContactPoints) -> Profile:
        """All facts about a lead."""
        from .profile import profile_of  # noqa: PLC0415  # the tables take 0.4 s: importing a service stays quick

        return profile_of(points)

    async def domain(self, name: str) -> Profile:
        """The facts about a domain."""
        from .profile import domain_profile  # noqa: PLC0415  # as above

        return domain_profile(name)
