"""Who asks, and what they may: keys of callers from outside, proofs of services, and permissions between these."""

from atoll.identity.access import Access, Asked
from atoll.identity.api_keys import ApiKey, ApiKeys, NotAKey
from atoll.identity.authority import (
    IDENTITY_S,
    Authority,
    AuthorityUnreadable,
    Trusted,
    encode_bundle,
    own_credentials,
    read_bundle,
)
from atoll.identity.instance import Credentials, Lasting
from atoll.identity.issuers import Issuer, IssuerKeys, issuer_keys
from atoll.identity.keys import Keys, bearer_in
from atoll.identity.manifest import Manifest, Member, Needed, Offered, OfferedOperation, merged, read_manifest
from atoll.identity.names import OPERATOR, service_in, spiffe_id
from atoll.identity.principal import Principal
from atoll.identity.signing import PublicKey, Refused, SigningKey
from atoll.identity.verifying import Verifier

__all__ = [
    "IDENTITY_S",
    "OPERATOR",
    "Access",
    "ApiKey",
    "ApiKeys",
    "Asked",
    "Authority",
    "AuthorityUnreadable",
    "Credentials",
    "Issuer",
    "IssuerKeys",
    "Keys",
    "Lasting",
    "Manifest",
    "Member",
    "Needed",
    "NotAKey",
    "Offered",
    "OfferedOperation",
    "Principal",
    "PublicKey",
    "Refused",
    "SigningKey",
    "Trusted",
    "Verifier",
    "bearer_in",
    "encode_bundle",
    "issuer_keys",
    "merged",
    "own_credentials",
    "read_bundle",
    "read_manifest",
    "service_in",
    "spiffe_id",
]
