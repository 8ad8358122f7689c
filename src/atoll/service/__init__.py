"""Declare a service: its handlers, what is injected into it, its life from start to stop."""

from atoll.service.application import Application, Reference
from atoll.service.declaration import Declaration, Dependency, declare
from atoll.service.fields import Settings, depends, private
from atoll.service.instance import Instance, State
from atoll.service.service import Service, blocking

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
    "private",
]
