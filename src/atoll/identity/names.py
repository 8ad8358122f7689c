"""Names of services as identities: `spiffe://{application}/{service}` (SPIFFE ID, a URI; SPIFFE-ID.md, 2).

The application is the trust domain: its authority vouches for its own services, and for nobody else's. Whoever runs
it has a name that no service can have.
"""

import re

_TRUST_DOMAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,254}")
_SERVICE = re.compile(r"[a-z][a-z0-9_]{0,254}")
_SCHEME = "spiffe://"

OPERATOR = ""
"""The name in which whoever runs the application calls: a test, a script, the supervisor. It is no service's."""

_OPERATOR_PATH = "atoll-operator"


def trust_domain(application: str) -> str:
    """Who vouches for the services of an application.

    >>> trust_domain("revenue")
    'spiffe://revenue'
    """
    return f"{_SCHEME}{application}"


def spiffe_id(application: str, service: str) -> str:
    """What a service of an application is called where it proves who it is.

    >>> spiffe_id("revenue", "scoring_v2")
    'spiffe://revenue/scoring_v2'
    """
    return f"{_SCHEME}{application}/{service or _OPERATOR_PATH}"


def service_in(name: str, application: str) -> str | None:
    """The service that an identity is of, where it is one of this application's; None where it is not.

    >>> service_in("spiffe://revenue/scoring", "revenue"), service_in("spiffe://other/scoring", "revenue")
    ('scoring', None)
    """
    domain, _, service = name.removeprefix(_SCHEME).partition("/")
    is_whole = name.startswith(_SCHEME) and _TRUST_DOMAIN.fullmatch(domain) is not None
    if is_whole and domain == application and service == _OPERATOR_PATH:
        return OPERATOR
    return service if is_whole and domain == application and _SERVICE.fullmatch(service) else None
