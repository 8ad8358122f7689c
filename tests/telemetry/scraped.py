"""What a reader of Prometheus' formats makes of a document: by the parsers of its own client library."""

import importlib
from collections.abc import Callable, Iterable

from prometheus_client import Metric


def families_in(document: str, media_type: str) -> dict[str, Metric]:
    """The families by name; counters without their `_total`."""
    name = "openmetrics.parser" if "openmetrics" in media_type else "parser"
    parse: Callable[[str], Iterable[Metric]]  # it has no types of its own
    parse = vars(importlib.import_module(f"prometheus_client.{name}"))["text_string_to_metric_families"]
    return {family.name: family for family in parse(document)}
