"""Declare a service: its handlers, what is injected into it, its life from start to stop."""

from atoll.service.application import Application, Command, Elsewhere, Home, Listed, Mounted, Posted, Reference, Remote
from atoll.service.blocking import blocking, give_threads
from atoll.service.declaration import Declaration, Dependency, declare, outlined, service_name, source_of_field
from atoll.service.fields import Settings, depends, private
from atoll.service.instance import Instance, State
from atoll.service.service import Service

__all__ = [
    "Application",
    "Command",
    "Declaration",
    "Dependency",
    "Elsewhere",
    "Home",
    "Instance",
    "Listed",
    "Mounted",
    "Posted",
    "Reference",
    "Remote",
    "Service",
    "Settings",
    "State",
    "blocking",
    "declare",
    "depends",
    "give_threads",
    "outlined",
    "private",
    "service_name",
    "source_of_field",
]
