"""Callers that prove who they are, for tests that speak HTTP to a service: by the authority in a folder."""

from collections.abc import Sequence
from pathlib import Path

from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.calls import Proving
from atoll.identity import Authority, Credentials, Verifier, own_credentials
from atoll.topology.joining import opened_authority


def authority_in(application: str, folder: Path) -> Authority:
    """The authority that processes with this folder have."""
    with opened_authority(application, folder, SystemClock(), SystemEntropy()) as authority:
        return authority


def credentials_of(authority: Authority, caller: str) -> Credentials:
    """Those of a new instance of a service."""
    return own_credentials(authority, caller, SystemClock(), SystemEntropy())


def headers_of(authority: Authority, caller: str, target: str) -> dict[str, str]:
    """What a service sends when it calls another one."""
    return {"atoll-caller": caller, "atoll-token": credentials_of(authority, caller).token(target)}


def proving_of(authority: Authority, callers: Sequence[str], edges: Sequence[str] = ()) -> Proving:
    """What proves the calls of a process that hosts these services."""
    credentials = {caller: credentials_of(authority, caller) for caller in callers}
    return Proving(credentials, Verifier(authority.trusted, SystemClock()), lambda service: service in edges)
