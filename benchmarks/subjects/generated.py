"""Applications of any number of services, written as source files: what somebody would have written by hand.

Each service is a package of its own with a contract of five operations; beside it, the same operations as FastAPI
routers with the same models. Real files, because finding, reading and importing them is a part of every start.
"""

import compileall
from pathlib import Path

ATOLL_CONTRACT = '''\
"""What region NUMBER promises."""

from typing import Protocol

from atoll import Page, Problem, Value, contract, delete, get, post, put


class Visit(Value):
    """A page that somebody looked at."""

    path: str
    seconds: int


class Lead(Value):
    """Somebody who may buy."""

    id: str
    email: str
    name: str
    company: str
    country: str
    employees: int
    revenue: float
    visits: tuple[Visit, ...]


class Receipt(Value):
    """That a lead has been taken."""

    lead_id: str
    position: int


class LeadNotFound(Problem, status=404, detail="there is no lead {lead_id}"):
    """There is no such lead."""

    lead_id: str


@contract(version="1.0")
class RegionNUMBER(Protocol):
    """Keeps the leads of region NUMBER."""

    @post("/leads", public=True)
    async def take(self, lead: Lead) -> Receipt:
        """Take a lead in."""
        ...

    @get("/leads/{lead_id}", public=True, raises=(LeadNotFound,))
    async def lead(self, lead_id: str) -> Lead:
        """One lead."""
        ...

    @get("/leads", public=True)
    async def leads(self, cursor: str | None = None, limit: int = 100) -> Page[Lead]:
        """All leads."""
        ...

    @put("/leads/{lead_id}", public=True)
    async def change(self, lead_id: str, lead: Lead) -> Receipt:
        """Change a lead."""
        ...

    @delete("/leads/{lead_id}", public=True)
    async def forget(self, lead_id: str) -> None:
        """Forget a lead."""
        ...
'''

ATOLL_SERVICE = '''\
"""Region NUMBER."""

from atoll import Clock, Page, Service, private
IMPORT
from .contract import Lead, Receipt, RegionNUMBER, Visit


class RegionNUMBERService(Service, RegionNUMBER, owner="benchmarks"):
    """Keeps the leads of region NUMBER in memory."""

    clock: Clock
FIELD    taken: dict[str, Lead] = private(default_factory=dict)

    async def take(self, lead: Lead) -> Receipt:
        return Receipt(lead_id=lead.id, position=len(self.taken))

    async def lead(self, lead_id: str) -> Lead:
        return Lead(
            id=lead_id,
            email="ada.lovelace@analytical-engines.example",
            name="Ada Lovelace",
            company="Analytical Engines",
            country="GB",
            employees=42,
            revenue=1815.5,
            visits=(Visit(path="/pricing", seconds=73),),
        )

    async def leads(self, cursor: str | None = None, limit: int = 100) -> Page[Lead]:
        return Page(items=tuple(self.taken.values()))

    async def change(self, lead_id: str, lead: Lead) -> Receipt:
        return Receipt(lead_id=lead_id, position=0)

    async def forget(self, lead_id: str) -> None:
        self.taken.pop(lead_id, None)
'''

FASTAPI_ROUTER = '''\
"""Region NUMBER."""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/regionNUMBER/v1", tags=["region NUMBER"])


class Visit(BaseModel):
    """A page that somebody looked at."""

    path: str
    seconds: int


class Lead(BaseModel):
    """Somebody who may buy."""

    id: str
    email: str
    name: str
    company: str
    country: str
    employees: int
    revenue: float
    visits: list[Visit]


class Receipt(BaseModel):
    """That a lead has been taken."""

    lead_id: str
    position: int


class Leads(BaseModel):
    """A part of a long list."""

    items: list[Lead]
    next: str | None = None


class NotFound(BaseModel):
    """There is no such lead."""

    lead_id: str


@router.post("/leads")
async def take(lead: Lead) -> Receipt:
    """Take a lead in."""
    return Receipt(lead_id=lead.id, position=0)


@router.get("/leads/{lead_id}", responses={404: {"model": NotFound}})
async def lead(lead_id: str) -> Lead:
    """One lead."""
    return Lead(
        id=lead_id,
        email="ada.lovelace@analytical-engines.example",
        name="Ada Lovelace",
        company="Analytical Engines",
        country="GB",
        employees=42,
        revenue=1815.5,
        visits=[Visit(path="/pricing", seconds=73)],
    )


@router.get("/leads")
async def leads(cursor: str | None = None, limit: int = 100) -> Leads:
    """All leads."""
    return Leads(items=[])


@router.put("/leads/{lead_id}")
async def change(lead_id: str, lead: Lead) -> Receipt:
    """Change a lead."""
    return Receipt(lead_id=lead_id, position=0)


@router.delete("/leads/{lead_id}", status_code=204)
async def forget(lead_id: str) -> None:
    """Forget a lead."""
'''

OPERATIONS = 5
"""Of each service, and of each router."""

FIRST_PATH = "/region000/v1/leads/7"
"""What a new process is asked for, in either kind of application."""


def paths(services: int) -> tuple[str, ...]:
    """The same for each of so many services."""
    return tuple(f"/region{number:03d}/v1/leads/7" for number in range(services))


def atoll_application(folder: Path, services: int, *, gateway: bool = False) -> str:
    """Write an Atoll application of so many services into `folder`; its place, `package.application:app`.

    Each service but the first depends on another one, so that four or five stand behind the last of 300.
    """
    name = f"atoll{services}{'edged' if gateway else ''}"
    if (folder / name).exists():
        return f"{name}.application:app"
    listed = [f'"{name}.region{number:03d}.service:Region{number:03d}Service",' for number in range(services)]
    edges = [] if gateway else ["edges=(),"]
    application = ["app = Application(", f'"{name}",', 'owner="benchmarks",', *edges, "services=[", *listed, "],", ")"]
    _write(folder / name / "__init__.py", '"""Generated."""\n')
    _write(folder / name / "application.py", "\n".join(["from atoll import Application", *application, ""]))
    for number in range(services):
        package = folder / name / f"region{number:03d}"
        callee = f"region{(number - 1) // 4:03d}"
        imported = f"from ..{callee}.contract import {callee.capitalize()}\n" if number else ""
        field = f"    callee: {callee.capitalize()}\n" if number else ""
        service = ATOLL_SERVICE.replace("IMPORT", imported).replace("FIELD", field)
        _write(package / "__init__.py", '"""Generated."""\n')
        _write(package / "contract.py", ATOLL_CONTRACT.replace("NUMBER", f"{number:03d}"))
        _write(package / "service.py", service.replace("NUMBER", f"{number:03d}"))
    compileall.compile_dir(folder / name, quiet=1)
    return f"{name}.application:app"


def fastapi_application(folder: Path, routers: int) -> str:
    """Write a FastAPI application of so many routers into `folder`; its place, `package.application:app`."""
    name = f"fastapi{routers}"
    if (folder / name).exists():
        return f"{name}.application:app"
    modules = [f"region{number:03d}" for number in range(routers)]
    imports = [f"from . import {module}" for module in modules]
    included = [f"app.include_router({module}.router)" for module in modules]
    application = ["from fastapi import FastAPI", *imports, f'app = FastAPI(title="{name}")', *included, ""]
    _write(folder / name / "__init__.py", '"""Generated."""\n')
    for number, module in enumerate(modules):
        _write(folder / name / f"{module}.py", FASTAPI_ROUTER.replace("NUMBER", f"{number:03d}"))
    _write(folder / name / "application.py", "\n".join(application))
    compileall.compile_dir(folder / name, quiet=1)
    return f"{name}.application:app"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
