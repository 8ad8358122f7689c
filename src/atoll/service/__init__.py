"""Declare a service: its handlers, what is injected into it, its life from start to stop."""

from atoll.service.application import Application, Reference
from atoll.service.blocking import blocking, give_threads
from atoll.service.declaration import Declaration, Dependency, declare, service_name, source_of_field
from atoll.service.fields import Settings, depends, private
from atoll.service.instance import Instance, State
from atoll.service.service import Service

__all__ = [
    "Application",
    "Declaration",
    "Dependency",
    "Instance",
    "Reference",
    "Service",
    "Settings",
    "State",
    "blocking",
    "declare",
    "depends",
    "give_threads",
    "private",
    "service_name",
    "source_of_field",
]
