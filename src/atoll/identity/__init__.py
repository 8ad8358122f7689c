"""Who asks, and what they may: keys of callers from outside, proofs of services, and permissions between these."""

from atoll.identity.access import OPERATOR, Access
from atoll.identity.authority import Authority, AuthorityUnreadable, Trusted, trusted_in
from atoll.identity.instance import Credentials
from atoll.identity.keys import Keys
from atoll.identity.manifest import Manifest, Member, Needed, Offered, OfferedOperation, read_manifest
from atoll.identity.names import service_in, spiffe_id
from atoll.identity.signing import Refused, SigningKey
from atoll.identity.verifying import Verifier

__all__ = [
    "OPERATOR",
    "Access",
    "Authority",
    "AuthorityUnreadable",
    "Credentials",
    "Keys",
    "Manifest",
    "Member",
    "Needed",
    "Offered",
    "OfferedOperation",
    "Refused",
    "SigningKey",
    "Trusted",
    "Verifier",
    "read_manifest",
    "service_in",
    "spiffe_id",
    "trusted_in",
]
