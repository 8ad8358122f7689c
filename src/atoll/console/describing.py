"""Parts of a service in words and figures: its operations, its events, its subscriptions, its processes. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from atoll import Contract, openapi
from atoll.console.guarding import Facts
from atoll.console.mapping import Seen
from atoll.operating import SubscriptionStatus
from atoll.processes import ProcessStatus
from atoll.seeing import Gauge, Kind, Rate, together


def contract_facts(contract: Contract | None, found: Sequence[Rate]) -> Facts:
    """What a service promises, as far as it has a contract."""
    if contract is None:
        return {"contract": None, "operations": [], "publishes": []}
    return {
        "contract": {"id": contract.id, "version": contract.version, "description": contract.description},
        "operations": operations_of(contract, found),
        "publishes": events_of(contract),
    }


def operations_of(contract: Contract, found: Sequence[Rate]) -> list[Facts]:
    """The operations of a contract, each with its documentation and its figures."""
    document: Facts = openapi([contract], title=contract.id, version=contract.version)
    described = dict(_described(document))
    several: list[Facts] = []
    for operation in contract.operations:
        rates = [
            each
            for each in found
            if each.counted.kind is Kind.CALL
            and each.counted.name == operation.id
            and each.counted.service == operation.service
        ]
        whole = together(rates)
        quantiles = (0.0, 0.0) if whole is None else (whole.quantile_s(0.5) * 1e3, whole.quantile_s(0.99) * 1e3)
        said = described.get((operation.method.lower(), operation.path), {})
        several.append(
            {
                "id": operation.id,
                "name": operation.name,
                "method": operation.method,
                "path": operation.path,
                "public": operation.public,
                "deprecated": operation.deprecated is not None,
                "description": operation.description,
                "arguments": list(_arguments(said, document)),
                "result_schema": _result(said, document),
                "problems": [each.code for each in operation.raises],
                "rate_per_s": sum(rate.per_s for rate in rates),
                "errors_per_s": sum(rate.failed_per_s for rate in rates),
                "count": 0 if whole is None else whole.count,
                "p50_ms": quantiles[0],
                "p99_ms": quantiles[1],
            }
        )
    return several


def events_of(contract: Contract) -> list[Facts]:
    """The events that a contract publishes."""
    return [
        {"type": contract.event_type(each), "description": (each.__doc__ or "").strip(), "schema": None}
        for each in contract.publishes
    ]


def subscription_facts(status: SubscriptionStatus) -> Facts:
    """A subscription of a service."""
    return {
        "publisher": status.publisher,
        "types": status.types,
        "backlog": status.lag or 0,
        "parked": status.waiting + status.behind,
        "dead": status.dead,
        "state": status.standing,
    }


def processes_of(name: str, seen: Seen) -> list[Facts]:
    """The processes in which a service runs: as the supervisor says it, or as they say themselves."""
    lags = {
        each.name: gauge.value * 1e3
        for each in seen.figures
        for gauge in each.sample.gauges
        if gauge.name == "loop_lag_seconds"
    }
    if seen.processes is not None:
        own = [each for each in seen.processes if any(service.name == name for service in each.services)]
        return [_process(each) | {"loop_lag_ms": lags.get(each.name, 0.0)} for each in own]
    return [
        {
            "name": each.name,
            "pid": 0,
            "state": "ready",
            "health": "well",
            "restarts": 0,
            "memory_bytes": _gauge(each.sample.gauges, "process_resident_memory_bytes"),
            "calls_per_s": 0.0,
            "started_at": None,
            "last_exit": "",
            "loop_lag_ms": lags.get(each.name, 0.0),
        }
        for each in seen.figures
        if each.is_alive
    ]


def _process(status: ProcessStatus) -> Facts:
    return {
        "name": status.name,
        "pid": status.pid,
        "state": status.state,
        "health": status.health,
        "restarts": status.restarts,
        "memory_bytes": status.memory_bytes,
        "calls_per_s": status.calls_per_s,
        "started_at": None if status.started_at is None else status.started_at.timestamp(),
        "last_exit": status.last_exit,
    }


def _gauge(gauges: Sequence[Gauge], name: str) -> float:
    return sum(each.value for each in gauges if each.name == name)


def _described(document: Facts) -> Iterator[tuple[tuple[str, str], Facts]]:
    """What an OpenAPI document says of each method and path, as its contract has it: without service and version."""
    for path, methods in document.get("paths", {}).items():
        short = "/" + "/".join(path.split("/")[3:])
        for method, said in methods.items():
            if isinstance(said, dict):
                yield (method, short), said


def _arguments(said: Facts, document: Facts) -> Iterator[Facts]:
    for each in said.get("parameters", ()):
        if each.get("in") in ("path", "query"):
            yield {
                "name": each["name"],
                "place": each["in"],
                "required": bool(each.get("required")),
                "schema": _resolved(each.get("schema", {}), document),
            }
    body = said.get("requestBody")
    if body:
        schema = _schema_in(body) or {}
        required = bool(body.get("required"))
        yield {"name": "body", "place": "body", "required": required, "schema": _resolved(schema, document)}


def _result(said: Facts, document: Facts) -> Facts | None:
    for status, answer in said.get("responses", {}).items():
        if str(status).startswith("2"):
            schema = _schema_in(answer)
            return None if schema is None else _resolved(schema, document)
    return None


def _schema_in(message: Facts) -> Facts | None:
    """The schema of what is sent, in the first form that it has."""
    forms: list[Facts] = list(message.get("content", {}).values())
    return forms[0].get("schema") if forms else None


DEPTH_MAX = 8
"""References are followed so deep: a type may hold itself."""


def _resolved(schema: Any, document: Facts, depth: int = 0) -> Any:  # Any: JSON
    """A schema with what it refers to put in its place."""
    if isinstance(schema, list):
        return [_resolved(each, document, depth) for each in cast("Sequence[Any]", schema)]  # Any: JSON
    if not isinstance(schema, dict):
        return schema
    facts = cast("Facts", schema)
    reference = facts.get("$ref")
    if isinstance(reference, str):
        if depth >= DEPTH_MAX:
            return {"description": reference.rpartition("/")[2]}
        found: Any = document  # Any: JSON
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part, {})
        return _resolved(found, document, depth + 1) | {name: each for name, each in facts.items() if name != "$ref"}
    return {name: _resolved(each, document, depth) for name, each in facts.items()}
