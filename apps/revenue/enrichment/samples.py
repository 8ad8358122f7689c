"""Made-up vendors, for trying rules out: what they say is invented, always the same for the same lead.

They are off unless the setting `sample_vendors` is on, and all that comes from them is marked (`is_sample`).
Numbers are from ranges that are kept for fiction.
"""

import asyncio
import hashlib
from dataclasses import dataclass

from .asking import Answer, Question, Terms
from .contract import AttemptState, Certainty, Charge, Topic

INDUSTRIES = ("Machinery", "Software", "Logistics", "Health Care", "Retail", "Energy", "Education", "Insurance")
CITIES = ("Hamburg", "Lyon", "Leeds", "Porto", "Gdynia", "Austin", "Malmo", "Utrecht")
EMPLOYEES = (8, 25, 70, 180, 420, 950, 2_600, 12_000)


@dataclass(frozen=True, slots=True)
class SampleVendor:
    """A vendor with a price, a hit rate and a latency. Fulfils `Provider`."""

    name: str
    terms: Terms
    hit_rate: float
    latency_s: float
    mobile_rate: float
    needs: tuple[str, ...] = ("email",)
    fields: frozenset[Topic] = frozenset({Topic.INDUSTRY, Topic.NUMBER_OF_EMPLOYEES, Topic.CITY, Topic.MOBILE})
    fingerprint: str = "1"

    async def ask(self, question: Question, key: str, timeout_s: float) -> Answer:
        """Something, after a while."""
        digest = hashlib.sha256(f"{self.name} {question.digest}".encode()).digest()
        await asyncio.sleep(min(timeout_s, self.latency_s * (0.5 + digest[0] / 256)))
        if digest[1] / 256 >= self.hit_rate:
            return Answer(AttemptState.MISS, detail="a made-up miss")
        is_mobile = digest[2] / 256 < self.mobile_rate
        number = f"+4917139200{digest[3] % 100:02}" if is_mobile else f"+493023125{digest[3] % 1000:03}"
        values = {
            Topic.INDUSTRY: INDUSTRIES[digest[4] % 8],
            Topic.NUMBER_OF_EMPLOYEES: str(EMPLOYEES[digest[5] % 8]),
            Topic.CITY: CITIES[digest[6] % 8],
            Topic.MOBILE: number,
        }
        return Answer(AttemptState.HIT, values, "made up")


CHEAP = SampleVendor(
    "sample_cheap",
    Terms(price_micros=2_000, charged_for=(Charge.HIT, Charge.REFUSED), rate_per_s=500, timeout_s=0.5, is_sample=True),
    hit_rate=0.35,
    latency_s=0.02,
    mobile_rate=0.5,
)
"""Cheap, finds little, and takes landlines for mobile numbers; charges for what it finds."""
THOROUGH = SampleVendor(
    "sample_thorough",
    Terms(
        price_micros=30_000,
        charged_for=(Charge.HIT, Charge.MISS, Charge.REFUSED),
        rate_per_s=200,
        timeout_s=1.0,
        certainty=Certainty.CERTAIN,
        is_sample=True,
    ),
    hit_rate=0.85,
    latency_s=0.08,
    mobile_rate=0.95,
)
"""Dear, finds most, and charges for misses as well."""
SAMPLE_VENDORS = (CHEAP, THOROUGH)
