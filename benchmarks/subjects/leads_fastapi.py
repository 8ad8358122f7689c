"""The same work as a FastAPI application, and the way in which services in Python mostly call each other."""

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.subjects.leads import LEAD, REASONS


class Visit(BaseModel):
    """A page that somebody looked at."""

    path: str
    seconds: int


class Lead(BaseModel):
    """Eight fields and three items, 300 bytes as JSON."""

    id: str
    email: str
    name: str
    company: str
    country: str
    employees: int
    revenue: float
    visits: list[Visit]


class Reason(BaseModel):
    """What counted, and how much."""

    points: int
    because: str


class Score(BaseModel):
    """What goes back, 300 bytes as JSON, too."""

    lead_id: str
    points: int
    grade: str
    model: str
    reasons: list[Reason]


APP = FastAPI()

_REASONS = [Reason(points=reason.points, because=reason.because) for reason in REASONS]


@APP.post("/scores")
async def score(lead: Lead) -> Score:
    """Score one lead."""
    return Score(lead_id=lead.id, points=75, grade="a", model="rules of November", reasons=_REASONS)


def lead() -> Lead:
    """The lead that every subject is given."""
    visits = [Visit(path=visit.path, seconds=visit.seconds) for visit in LEAD.visits]
    return Lead(
        id=LEAD.id,
        email=LEAD.email,
        name=LEAD.name,
        company=LEAD.company,
        country=LEAD.country,
        employees=LEAD.employees,
        revenue=LEAD.revenue,
        visits=visits,
    )


async def httpx_call(client: httpx.AsyncClient, body: Lead) -> Score:
    """One typed call, as a service in Python calls another one, without a network between: model in, model out."""
    headers = {"content-type": "application/json"}
    response = await client.post("/scores", content=body.model_dump_json(), headers=headers)
    response.raise_for_status()
    return Score.model_validate_json(response.content)


def httpx_client() -> httpx.AsyncClient:
    """A client whose network is the application itself."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://localhost")
