"""Joins OpenTelemetry's API to Atoll's traces, where code of an application uses it; loads nothing of it itself."""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from importlib.util import find_spec

from atoll.adapters.system import SystemEntropy
from atoll.telemetry import Span

_VARIABLE = "OTEL_PYTHON_CONTEXT"
_GROUP, _NAME = "opentelemetry_context", "atoll"


@contextmanager
def opentelemetry_awaited() -> Generator[None]:
    """Let OpenTelemetry, should it be imported in the block, find Atoll's context: for where services are loaded.

    What its variable says already stays. It is set in the block alone, since child processes may not have Atoll.
    """
    is_wanted = _VARIABLE not in os.environ and "opentelemetry.context" not in sys.modules and _is_installed()
    if is_wanted:
        os.environ[_VARIABLE] = _NAME
    try:
        yield
    finally:
        if is_wanted:
            del os.environ[_VARIABLE]


def join_opentelemetry(record: Callable[[Span], None], now: Callable[[], float]) -> Callable[[], None]:
    """Record what code does by OpenTelemetry's API, if it is imported by now; what ends that.

    `record` is called on any thread, and `now` is its clock, on any thread, too. A provider that somebody else has set
    stays; there is one for each process, so that the last of several applications in one has it.
    """
    if "opentelemetry.trace" not in sys.modules:
        return lambda: None
    from opentelemetry import trace  # noqa: PLC0415  # it is loaded

    from atoll.adapters.opentelemetry_tracing import JoinedTracerProvider, Joint  # noqa: PLC0415  # as above

    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider):  # nobody has set one
        provider = JoinedTracerProvider(Joint(SystemEntropy().bits))
        trace.set_tracer_provider(provider)
    if not isinstance(provider, JoinedTracerProvider):
        return lambda: None
    joint = provider.joint
    joint.record, joint.now = record, now

    def leave() -> None:
        if joint.record is record:
            joint.record = None

    return leave


@cache
def _is_installed() -> bool:
    """Whether OpenTelemetry is there, and knows this distribution by its entry point."""
    if find_spec("opentelemetry") is None:
        return False
    try:
        found = metadata.distribution("atoll").entry_points
    except metadata.PackageNotFoundError:
        return False
    return bool(found.select(group=_GROUP, name=_NAME))
