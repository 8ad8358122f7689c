"""The public edge: an ordinary service that takes HTTP from outside and calls public operations in users' names."""

from atoll.gateway.connection import Connection, connection

__all__ = ["Connection", "connection"]
