"""Atoll: one application built as a collection of small, autonomous services.

This module is the public API: what services are written with, and how applications are run. Beside it stand
`atoll.problems` (all that the platform can answer with), `atoll.edge` (for those who write a gateway of their own) and
`atoll.testing`.
"""

from atoll.contract import (
    Choice,
    Contract,
    DeadlineExceeded,
    Deprecation,
    Event,
    Fault,
    Forbidden,
    InvalidInput,
    Page,
    Personal,
    Problem,
    Unauthenticated,
    Unavailable,
    Value,
    contract,
    contract_of,
    delete,
    get,
    openapi,
    patch,
    post,
    put,
)
from atoll.kernel import AtollError, Clock, Config, Context, Disk, Entropy, Mistake, Mistakes, context
from atoll.service import Application, Reference, Service, Settings, blocking, depends, private
from atoll.telemetry import configure_logging
from atoll.topology import Graph, Running, World, describe, load_application, read_config, run_process, single

__version__ = "0.1.0"

__all__ = [
    "Application",
    "AtollError",
    "Choice",
    "Clock",
    "Config",
    "Context",
    "Contract",
    "DeadlineExceeded",
    "Deprecation",
    "Disk",
    "Entropy",
    "Event",
    "Fault",
    "Forbidden",
    "Graph",
    "InvalidInput",
    "Mistake",
    "Mistakes",
    "Page",
    "Personal",
    "Problem",
    "Reference",
    "Running",
    "Service",
    "Settings",
    "Unauthenticated",
    "Unavailable",
    "Value",
    "World",
    "blocking",
    "configure_logging",
    "context",
    "contract",
    "contract_of",
    "delete",
    "depends",
    "describe",
    "get",
    "load_application",
    "openapi",
    "patch",
    "post",
    "private",
    "put",
    "read_config",
    "run_process",
    "single",
]
