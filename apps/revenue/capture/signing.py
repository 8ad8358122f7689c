"""Whether a webhook is from whom it says it is from, and from now. Pure: the secrets and the time are given.

Standard Webhooks (https://www.standardwebhooks.com): `webhook-signature` holds `v1,<base64>` several times while a
secret is changed, each the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}` under the bytes behind `whsec_`.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from atoll import RawBody
from revenue.signing import SecretRefused, key_of

from .contract import Coding, Refusal, Scheme, Signature

STANDARD = Signature(
    secret="standard",  # noqa: S106  # the name of none
    header="webhook-signature",
    prefix="v1,",
    coding=Coding.BASE64,
    signed="{id}.{timestamp}.{body}",
    id_header="webhook-id",
    timestamp_header="webhook-timestamp",
)
"""Standard Webhooks in the words of the others, but for its secrets."""

MILLISECONDS_FROM = 100_000_000_000
"""So many seconds are five thousand years: a greater timestamp counts milliseconds."""
MESSAGE_ID_MAX = 256


@dataclass(frozen=True, slots=True)
class Proven:
    """A webhook that is what it says. `message_id` is what its source calls it; `once_key` tells it from all others.

    Without a key it may come again and is taken again: nothing that is signed tells its deliveries apart.
    """

    message_id: str | None
    once_key: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Unproven:
    """Why a webhook is not believed."""

    reason: Refusal
    explanation: str


def proven(signature: Signature, secrets: Sequence[str], sent: RawBody, now: float) -> Proven | Unproven:
    """What a webhook proves by one of these secrets; `now` is in seconds since 1970."""
    if signature.scheme is Scheme.API_KEY:
        return _by_key(signature, secrets, sent.headers)
    is_standard = signature.scheme is Scheme.STANDARD_WEBHOOKS
    how = STANDARD if is_standard else signature
    given = _header(sent.headers, how.header)
    message_id = _header(sent.headers, how.id_header)
    if not given or (how.id_header and "{id}" in how.signed and not message_id):
        return Unproven(Refusal.UNSIGNED, f"the header `{how.header if not given else how.id_header}` is missing.")
    timestamp = _timestamp(how, sent.headers, given)
    if "{timestamp}" in how.signed and timestamp is None:
        return Unproven(Refusal.UNSIGNED, "the time at which it was signed is missing, or no number.")
    said = _said(how.signed, message_id, timestamp or "", sent.body)
    claims = _claims(how, given, is_standard=is_standard)
    keys = _standard_keys(secrets) if is_standard else [secret.encode() for secret in secrets]
    rights = [hmac.new(key, said, how.digest.value).digest() for key in keys]
    if not _any_equal(rights, claims):
        return Unproven(Refusal.FORGED, "no signature is that of this source: is its secret the one in the settings?")
    if timestamp is not None and abs(now - _seconds(timestamp)) > signature.tolerance_s:
        hint = f"more than {signature.tolerance_s} seconds before or after our clock"
        return Unproven(Refusal.LATE, f"it was signed {hint}.")
    if "{id}" in how.signed:
        return Proven(message_id, ("id", message_id))
    return Proven(message_id or None, ("said", hashlib.sha256(said).hexdigest()))


def _by_key(signature: Signature, secrets: Sequence[str], headers: Mapping[str, str]) -> Proven | Unproven:
    given = _header(headers, signature.header)
    if not given:
        return Unproven(Refusal.UNSIGNED, f"the header `{signature.header}` is missing.")
    key = given.removeprefix(signature.prefix).encode() if given.startswith(signature.prefix) else b""
    if not _any_equal([secret.encode() for secret in secrets], [key]):
        return Unproven(Refusal.FORGED, "the key is not that of this source.")
    message_id = _header(headers, signature.id_header)
    return Proven(message_id or None, ("id", message_id) if message_id else None)


def _any_equal(rights: Sequence[bytes], claims: Sequence[bytes]) -> bool:
    """Whether one is one of the others; how long that takes tells neither which, nor how much of it was right."""
    found = False
    for right in rights:
        for claim in claims:
            found |= hmac.compare_digest(right, claim)
    return found


def _standard_keys(secrets: Sequence[str]) -> list[bytes]:
    """Those of secrets that are some: by the others nothing is proven."""
    keys: list[bytes] = []
    for secret in secrets:
        with suppress(SecretRefused):
            keys.append(key_of(secret))
    return keys


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name.lower(), "").strip()[:8_192] if name else ""


def _said(signed: str, message_id: str, timestamp: str, body: bytes) -> bytes:
    values = {"id": message_id.encode(), "timestamp": timestamp.encode(), "body": body}
    parts = re.split(r"\{(id|timestamp|body)\}", signed)
    return b"".join(values[part] if place % 2 else part.encode() for place, part in enumerate(parts))


def _claims(how: Signature, given: str, *, is_standard: bool) -> list[bytes]:
    """The signatures in a header: those behind the prefix, whatever else stands there."""
    parts = given.split() if is_standard else re.split(r"[,\s]+", given)
    found = (_decoded(part[len(how.prefix) :], how.coding) for part in parts[:20] if part.startswith(how.prefix))
    return [claim for claim in found if claim is not None]


def _decoded(text: str, coding: Coding) -> bytes | None:
    try:
        return bytes.fromhex(text) if coding is Coding.HEX else base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _timestamp(how: Signature, headers: Mapping[str, str], given: str) -> str | None:
    if how.timestamp_header:
        text = _header(headers, how.timestamp_header)
    elif how.timestamp_prefix:
        parts = (part for part in re.split(r"[,\s]+", given) if part.startswith(how.timestamp_prefix))
        text = next(parts, "").removeprefix(how.timestamp_prefix)
    else:
        return None
    return text if re.fullmatch(r"[0-9]{1,16}", text) else None


def _seconds(timestamp: str) -> float:
    count = int(timestamp)
    return count / 1_000 if count >= MILLISECONDS_FROM else float(count)
