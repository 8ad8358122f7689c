"""An invented go-to-market application, as the console's JSON API tells of it.

Something fails, something is down, there are dead letters and long traces. Times count from `NOW`; chance has a seed,
so that all of it is the same in every run.
"""

import random
from collections.abc import Iterator
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]  # Any: a JSON document

NOW = 1_795_000_000.0
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
LONG = "00f067aa0ba902b7a3ce929d0e0e4736"
KEY = "lead-7f3a"
SERVICES: dict[str, tuple[str, str, list[str]]] = {
    "capture": ("growth", "well", []),
    "identity": ("growth", "well", []),
    "enrichment": ("data", "degraded", ["p99 is 2.4 s, above 1 s", "vendors answers for 4 % with its fallback"]),
    "vendors": ("data", "down", ["0 of 2 instances ready", "last exit: code 1, 4 restarts in 60 s"]),
    "scoring": ("revenue", "well", []),
    "routing": ("sales-ops", "well", []),
    "outreach": ("sales-ops", "stopped", ["stopped by ada"]),
    "consent": ("legal", "well", []),
}
CALLS = [
    ("gateway", "capture", 42.0, 0.0),
    ("gateway", "scoring", 12.0, 0.1),
    ("capture", "consent", 41.0, 0.0),
    ("enrichment", "identity", 38.0, 0.0),
    ("enrichment", "vendors", 21.0, 8.5),
    ("routing", "scoring", 17.0, 0.0),
    ("routing", "identity", 4.0, 0.0),
]
EVENTS = [
    ("capture", "enrichment", 40.0, 184, 2, 3),
    ("capture", "identity", 40.0, 0, 0, 0),
    ("enrichment", "scoring", 36.0, 0, 0, 0),
    ("scoring", "routing", 36.0, 12, 0, 1),
    ("routing", "outreach", 0.0, 2310, 0, 0),
]


def chart(turn: int = 0, services: int = 0) -> Json:
    """The map at a turn; with `services`, of as many in place of the eight."""
    chance = random.Random(turn)
    if services:
        return _wide_chart(turn, services, chance)
    nodes = [_node("outside", "outside", chance, rate=54.0), _node("gateway", "edge", chance, rate=54.0)]
    for name, (owner, state, reasons) in SERVICES.items():
        rate = 0.0 if state in {"down", "stopped"} else 17.0 + 3 * len(name)
        made = _node(name, "service", chance, rate=rate)
        made |= {
            "owner": owner,
            "state": state,
            "reasons": reasons,
            "errors_per_s": 8.5 if state == "degraded" else 0.0,
        }
        if state in {"down", "stopped"}:
            made |= {"instances_ready": 0, "p50_ms": None, "p95_ms": None, "p99_ms": None}
        nodes.append(made)
        nodes.append(_node(name, "database", chance, rate=rate * 2) | {"id": f"db:{name}"})
    edges = [_edge("outside", "gateway", "call", 54.0, chance)]
    edges += [_edge(one, two, "call", rate, chance, errors=errors) for one, two, rate, errors in CALLS]
    edges += [
        _edge(one, two, "events", rate, chance) | {"backlog": backlog, "parked": parked, "dead": dead}
        for one, two, rate, backlog, parked, dead in EVENTS
    ]
    edges += [_edge(name, f"db:{name}", "data", 30.0, chance) for name in SERVICES]
    for edge in edges:
        if edge["id"] == "call:enrichment:vendors":
            edge["breaker"] = "open"
    return {"at": NOW + turn / 2, "nodes": nodes, "edges": edges}


def _wide_chart(turn: int, services: int, chance: random.Random) -> Json:
    names = [f"service_{number:02}" for number in range(services)]
    layout = random.Random(7)
    edges: list[Json] = []
    for number, name in enumerate(names[1:], start=1):
        for source in {layout.randrange(max(0, number - 9), number), layout.randrange(number)}:
            kind = layout.choice(["call", "events"])
            edges.append(_edge(names[source], name, kind, chance.uniform(0, 60), chance))
    nodes = [_node(name, "service", chance, rate=chance.uniform(1, 90)) for name in names]
    return {"at": NOW + turn / 2, "nodes": nodes, "edges": edges}


def _node(name: str, kind: str, chance: random.Random, rate: float) -> Json:
    jitter = chance.uniform(0.85, 1.15)
    return {
        "id": name, "kind": kind, "name": name, "owner": "", "version": "2.3.0", "state": "well", "reasons": [],
        "instances": 2 if kind == "service" else 1, "instances_ready": 2 if kind == "service" else 1,
        "rate_per_s": round(rate * jitter, 2), "errors_per_s": 0.0, "p50_ms": 3.1 * jitter, "p95_ms": 18.4 * jitter,
        "p99_ms": 41.0 * jitter, "in_progress": 3, "can_scale": kind == "service",
    }  # fmt: skip


def _edge(source: str, target: str, kind: str, rate: float, chance: random.Random, errors: float = 0.0) -> Json:
    return {
        "id": f"{kind}:{source}:{target}", "source": source, "target": target, "kind": kind,
        "rate_per_s": round(rate * chance.uniform(0.85, 1.15), 2), "errors_per_s": errors, "p95_ms": 12.0,
        "backlog": 0, "parked": 0, "dead": 0, "breaker": "",
    }  # fmt: skip


LEAD: Json = {
    "type": "object",
    "required": ["email", "source"],
    "properties": {
        "email": {"type": "string", "format": "email", "description": "Where they can be reached."},
        "source": {"enum": ["form", "import", "partner"]},
        "company": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "employees": {"type": "integer", "minimum": 1},
        "agreed": {"type": "boolean", "default": False},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


def service(name: str) -> Json:
    """One service, whole."""
    node = next(node for node in chart()["nodes"] if node["name"] == name and node["kind"] != "database")
    operation: Json = {
        "id": f"{name}.take_in", "name": "take_in", "method": "POST", "path": f"/{name}/v2/leads", "public": True,
        "deprecated": False, "description": "Takes in one lead. The same one twice is taken in once.",
        "arguments": [{"name": "lead", "place": "body", "required": True, "schema": LEAD}],
        "result_schema": {"type": "object", "properties": {"id": {"type": "string"}}},
        "problems": ["invalid_input", "already_known", "consent_missing"], "rate_per_s": 40.2, "errors_per_s": 0.3,
        "count": 184_223, "p50_ms": 4.2, "p99_ms": 38.0,
    }  # fmt: skip
    latest: Json = operation | {
        "id": f"{name}.latest", "name": "latest", "method": "GET", "path": f"/{name}/v2/leads/{{lead}}/latest",
        "description": "What is known of a lead now.", "problems": ["no_such_lead"], "count": 20_114,
        "arguments": [
            {"name": "lead", "place": "path", "required": True, "schema": {"type": "string"}},
            {"name": "depth", "place": "query", "required": False, "schema": {"type": "integer", "default": 1}},
        ],
    }  # fmt: skip
    inner: Json = operation | {"id": f"{name}.rebuild", "name": "rebuild", "public": False, "deprecated": True,
                               "path": f"/{name}/v2/rebuild", "arguments": [], "count": 3}  # fmt: skip
    return {
        "node": node, "owner": node["owner"], "description": "Takes in leads from forms, imports and partners.",
        "contract": {"id": name, "version": "2.3", "description": "What leads are, and how they come in."},
        "operations": [operation, latest, inner],
        "publishes": [{"type": f"{name}.lead_captured.v1", "schema": LEAD, "description": "A lead came in."}],
        "subscribes": [{"publisher": "consent", "types": ["consent.withdrawn.v1"], "backlog": 4, "parked": 0,
                        "dead": 1, "state": "behind"}],
        "dependencies": [
            {"service": "consent", "degrades_to": "nobody is asked twice", "timeout_ms": 800, "breaker": ""},
            {"service": "vendors", "degrades_to": None, "timeout_ms": 2000, "breaker": "open"},
        ],
        "callers": ["gateway", "routing"],
        "processes": [
            {"name": f"{name}-{number}", "pid": 4100 + number, "state": "running", "health": "ready",
             "restarts": number,
             "memory_bytes": 71_303_168, "calls_per_s": 20.1, "started_at": NOW - 5000, "last_exit": None,
             "loop_lag_ms": 0.4} for number in range(2)
        ],
    }  # fmt: skip


def spans(count: int = 0) -> list[Json]:
    """The spans of the trace of the sample's lead; with `count`, of a long one."""
    if count:
        return list(_long(count))
    made = [
        _span(1, 0, "call", "capture", "capture.take_in", "gateway", 0, 21.4),
        _span(2, 1, "call", "consent", "consent.given", "capture", 2.1, 3.2),
        _span(3, 1, "published", "capture", "capture.lead_captured.v1", "", 15.0, 0.1),
        _span(4, 3, "delivery", "identity", "capture.lead_captured.v1", "capture", 31.0, 12.9),
        _span(5, 3, "delivery", "enrichment", "capture.lead_captured.v1", "capture", 33.0, 640.0, attempt=2),
        _span(6, 5, "call", "identity", "identity.resolve", "enrichment", 36.0, 8.0),
        _span(7, 5, "asked", "enrichment", "vendors.company", "enrichment", 50.0, 512.0, outcome="unavailable"),
        _span(8, 5, "published", "enrichment", "enrichment.lead_enriched.v1", "", 660.0, 0.1),
        _span(9, 8, "delivery", "scoring", "enrichment.lead_enriched.v1", "enrichment", 702.0, 18.0),
        _span(10, 9, "inner", "scoring", "rules", "", 705.0, 11.0),
        _span(11, 9, "published", "scoring", "scoring.lead_scored.v1", "", 718.0, 0.1),
        _span(12, 11, "delivery", "routing", "scoring.lead_scored.v1", "scoring", 65_240.0, 31.0),
        _span(13, 12, "call", "scoring", "scoring.latest", "routing", 65_245.0, 4.0),
        _span(14, 12, "published", "routing", "routing.lead_assigned.v1", "", 65_268.0, 0.1),
    ]
    made[4]["degraded"] = ["vendors.company"]
    made[4]["met"] = ["retried 2 times"]
    return made


def _span(
    number: int, parent: int, kind: str, service: str, name: str, caller: str, start_ms: float, duration_ms: float, *,
    outcome: str = "ok", attempt: int = 1,
) -> Json:  # fmt: skip
    return {
        "span_id": f"{number:016x}", "parent_id": f"{parent:016x}" if parent else "", "kind": kind, "service": service,
        "name": name, "caller": caller, "started_at": NOW - 120 + start_ms / 1000, "duration_ms": duration_ms,
        "outcome": outcome, "attempt": attempt, "degraded": [], "met": [], "key": KEY, "tenant": "main",
    }  # fmt: skip


def _long(count: int) -> Iterator[Json]:
    chance = random.Random(3)
    names = list(SERVICES)
    for number in range(1, count + 1):
        parent = 0 if number == 1 else max(1, number - chance.randrange(1, 40))
        outcome = "unavailable" if chance.random() < 0.01 else "ok"
        name = names[number % len(names)]
        took = 60_000.0 if number == 1 else chance.uniform(1, 90)
        yield _span(number, parent, "call", name, f"{name}.step", "", number * 5.0, took, outcome=outcome)


def lines(count: int = 12) -> list[Json]:
    """Log lines, the oldest first."""
    said = [
        ("info", "capture", 1, "lead came in from form"),
        ("warning", "enrichment", 7, "vendors did not answer, going on without company data"),
        ("error", "enrichment", 5, "attempt 1 failed"),
        ("info", "scoring", 10, "decided: grade B, 71 of 100 (fits industry, no company size)"),
        ("info", "routing", 12, "decided: assigned to team emea, next in turn"),
        ("debug", "identity", 4, "no other lead with this address"),
    ]
    made: list[Json] = []
    for number in range(count):
        level, name, span, message = said[number % len(said)]
        made.append({
            "number": number + 1, "process": f"{name}-0", "at": NOW - 119 + number * 0.2, "level": level,
            "logger": f"revenue.{name}", "message": message, "service": name, "trace_id": TRACE,
            "span_id": f"{span:016x}", "error": "Traceback:\nTimeoutError: 500 ms" if level == "error" else "",
            "more": {"lead": KEY},
        })  # fmt: skip
    return made


def traces(count: int = 120) -> list[Json]:
    """Rows of the search, the newest first."""
    chance = random.Random(5)
    made: list[Json] = []
    for number in range(count):
        is_well = chance.random() > 0.12
        made.append({
            "trace_id": TRACE if number == 0 else f"{number:032x}", "started_at": NOW - 5 - number * 2.5,
            "duration_ms": chance.lognormvariate(4, 1.2), "service": "capture", "name": "capture.take_in",
            "key": KEY if number == 0 else f"lead-{number:04x}", "outcome": "ok" if is_well else "unavailable",
            "spans": 14, "errors": 0 if is_well else 2,
            "services": ["capture", "consent", "enrichment", "identity", "scoring"],
        })  # fmt: skip
    return made


def dead() -> list[Json]:
    """Dead letters and what waits behind them."""
    return [
        {
            "service": "enrichment" if number < 5 else "routing", "publisher": "capture" if number < 5 else "scoring",
            "number": number, "id": f"018f-{number:04}", "key": KEY if number == 1 else f"lead-{number:04x}",
            "type": "capture.lead_captured.v1" if number < 5 else "scoring.lead_scored.v1", "tenant": "main",
            "state": ["dead", "dead", "dead", "waiting", "dead", "behind", "behind"][number - 1],
            "error": "ValueError: country 'UK' is not in ISO 3166", "attempts": 8, "at": NOW - 118 + number,
            "due_at": NOW + 30 if number == 4 else None, "payload": {"email": "•••", "country": "UK"},
            "trace_id": TRACE,
        }
        for number in range(1, 8)
    ]  # fmt: skip


def events() -> Json:
    """Subscriptions and logs of events."""
    rows = [
        {"subscriber": two, "publisher": one, "state": "behind" if backlog > 100 else "well", "backlog": backlog,
         "parked": parked, "dead": letters, "rate_per_s": rate, "position": 90_000 - backlog, "head": 90_000}
        for one, two, rate, backlog, parked, letters in EVENTS
    ]  # fmt: skip
    logs = [
        {"publisher": name, "head": 90_000, "oldest": 1, "bytes": 31_457_280} for name in sorted({e[0] for e in EVENTS})
    ]
    return {"subscriptions": rows, "logs": logs}


def messages() -> list[Json]:
    """What was published about the sample's lead."""
    types = (
        "capture.lead_captured.v1 enrichment.lead_enriched.v1 scoring.lead_scored.v1 routing.lead_assigned.v1".split()
    )
    return [
        {"publisher": name.split(".")[0], "position": 89_000 + number, "id": f"018f-a{number}", "type": name,
         "key": KEY,
         "sequence": number + 1, "published_at": NOW - 119 + number, "actor": "gateway", "trace_id": TRACE,
         "payload": {"lead": KEY, "email": "•••"}}
        for number, name in enumerate(types)
    ]  # fmt: skip


def audit() -> list[Json]:
    """Deeds, the newest first."""
    return [
        {"at": NOW - 60, "actor": "ada", "action": "stop", "subject": "outreach", "detail": "campaign paused",
         "outcome": "done", "via": "console", "service": "outreach"},
        {"at": NOW - 600, "actor": "grace", "action": "replay", "subject": "2 dead letters", "detail": "country mapped",
         "outcome": "done", "via": "cli", "service": "enrichment"},
        {"at": NOW - 900, "actor": "bob", "action": "scale", "subject": "scoring", "detail": "instances 2 → 4",
         "outcome": "forbidden", "via": "console", "service": "scoring"},
    ]  # fmt: skip
