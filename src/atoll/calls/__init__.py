"""Calls between services: the typed client, what wraps every call, and the dispatcher that answers it."""

from atoll.calls.caller import Caller, derived_key
from atoll.calls.catalog import Catalog, Listing
from atoll.calls.client import client
from atoll.calls.dispatcher import Dispatcher, Handler
from atoll.calls.local import LocalTransport
from atoll.calls.ports import (
    TIMEOUT_S,
    Again,
    Door,
    Lines,
    Request,
    Resolver,
    Response,
    Transport,
    is_header,
    is_root,
)
from atoll.calls.proving import Proving
from atoll.calls.router import Router, Routers, decode_query

__all__ = [
    "TIMEOUT_S",
    "Again",
    "Caller",
    "Catalog",
    "Dispatcher",
    "Door",
    "Handler",
    "Lines",
    "Listing",
    "LocalTransport",
    "Proving",
    "Request",
    "Resolver",
    "Response",
    "Router",
    "Routers",
    "Transport",
    "client",
    "decode_query",
    "derived_key",
    "is_header",
    "is_root",
]
