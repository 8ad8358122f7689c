"""Who asks, and what they may: keys of callers from outside, proofs of services, and permissions between these."""

from atoll.identity.access import OPERATOR, Access
from atoll.identity.api_keys import ApiKey, ApiKeys, NotAKey
from atoll.identity.authority import Authority, AuthorityUnreadable, Trusted, trusted_in
from atoll.identity.instance import Credentials
from atoll.identity.issuers import Issuer, IssuerKeys, issuer_keys
from atoll.identity.keys import Keys, bearer_in
from atoll.identity.manifest import Manifest, Member, Needed, Offered, OfferedOperation, read_manifest
from atoll.identity.names import service_in, spiffe_id
from atoll.identity.principal import Principal
from atoll.identity.signing import Refused, SigningKey
from atoll.identity.verifying import Verifier

__all__ = [
    "OPERATOR",
    "Access",
    "ApiKey",
    "ApiKeys",
    "Authority",
    "AuthorityUnreadable",
    "Credentials",
    "Issuer",
    "IssuerKeys",
    "Keys",
    "Manifest",
    "Member",
    "Needed",
    "NotAKey",
    "Offered",
    "OfferedOperation",
    "Principal",
    "Refused",
    "SigningKey",
    "Trusted",
    "Verifier",
    "bearer_in",
    "issuer_keys",
    "read_manifest",
    "service_in",
    "spiffe_id",
    "trusted_in",
]
