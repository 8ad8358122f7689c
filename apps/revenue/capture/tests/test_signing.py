"""Whoever posts a webhook has to prove it: by vectors of the specification, and every way to fail."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import RawBody
from revenue.capture.contract import Coding, Digest, Refusal, Scheme, Signature
from revenue.capture.signing import Proven, Unproven, proven
from revenue.signing import key_of

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The example of the specification's own libraries."""
NOW = 1614265330.0
STANDARD = Signature(secret="acme")
BODY = b'{"test": 2432232314}'


def standard(*, body: bytes = BODY, at: float = NOW, secret: str = SECRET, message: str = "msg_1") -> RawBody:
    """A webhook as Standard Webhooks signs it."""
    key = key_of(secret)
    said = f"{message}.{int(at)}.".encode() + body
    signature = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    headers = {"webhook-id": message, "webhook-timestamp": str(int(at)), "webhook-signature": f"v1,{signature}"}
    return RawBody(body=body, media_type="application/json", headers=headers)


def with_headers(sent: RawBody, **headers: str) -> RawBody:
    """The same with other headers; an empty one is not there."""
    changed = sent.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    return RawBody(body=sent.body, headers={name: value for name, value in changed.items() if value})


def reason_of(found: Proven | Unproven) -> Refusal | None:
    """Why it is not believed."""
    return found.reason if isinstance(found, Unproven) else None


def test_the_vector_of_the_specification_is_proven() -> None:
    """As published with the reference libraries of Standard Webhooks."""
    sent = RawBody(
        body=BODY,
        headers={
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
    )

    found = proven(STANDARD, [SECRET], sent, NOW)

    assert found == Proven("msg_p5jXN8AQM9LWM0D4loKWxJek", ("id", "msg_p5jXN8AQM9LWM0D4loKWxJek"))


def test_while_a_secret_is_changed_either_is_enough() -> None:
    """On both sides: several signatures in the header, several secrets in the settings."""
    new = "whsec_" + base64.b64encode(b"another secret of enough bytes").decode()
    first, second = standard(), standard(secret=new)
    both = with_headers(
        first, webhook_signature=f"v1a,x {second.headers['webhook-signature']} {first.headers['webhook-signature']}"
    )

    assert reason_of(proven(STANDARD, [new, SECRET], first, NOW)) is None
    assert reason_of(proven(STANDARD, [new, SECRET], second, NOW)) is None
    assert reason_of(proven(STANDARD, [SECRET], both, NOW)) is None
    assert reason_of(proven(STANDARD, [SECRET], second, NOW)) is Refusal.FORGED


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"webhook_signature": ""}, Refusal.UNSIGNED),
        ({"webhook_id": ""}, Refusal.UNSIGNED),
        ({"webhook_timestamp": ""}, Refusal.UNSIGNED),
        ({"webhook_timestamp": "yesterday"}, Refusal.UNSIGNED),
        ({"webhook_timestamp": "-1"}, Refusal.UNSIGNED),
        ({"webhook_timestamp": "1614265331"}, Refusal.FORGED),
        ({"webhook_id": "msg_2"}, Refusal.FORGED),
        ({"webhook_signature": "v1,AAAA"}, Refusal.FORGED),
        ({"webhook_signature": "v1,\u00e9"}, Refusal.FORGED),
        ({"webhook_signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, Refusal.FORGED),
    ],
)
def test_whatever_is_changed_is_not_believed(headers: dict[str, str], reason: Refusal) -> None:
    """Header by header."""
    assert reason_of(proven(STANDARD, [SECRET], with_headers(standard(), **headers), NOW)) is reason


@pytest.mark.parametrize(("late_s", "reason"), [(299, None), (301, Refusal.LATE), (-299, None), (-301, Refusal.LATE)])
def test_five_minutes_are_tolerated(late_s: int, reason: Refusal | None) -> None:
    """Before and after: clocks differ, but a recording is not replayed a day later."""
    assert reason_of(proven(STANDARD, [SECRET], standard(), NOW + late_s)) is reason


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_signature_is_of_one_body(one: bytes, other: bytes) -> None:
    """Of these bytes, and of no others."""
    sent = standard(body=one)
    swapped = RawBody(body=other, headers=sent.headers)

    assert isinstance(proven(STANDARD, [SECRET], sent, NOW), Proven)
    assert isinstance(proven(STANDARD, [SECRET], swapped, NOW), Proven) is (one == other)


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=40)))
def test_no_headers_make_it_fail(headers: dict[str, str]) -> None:
    """Whatever a stranger sends is an answer."""
    assert isinstance(proven(STANDARD, [SECRET], RawBody(body=b"{}", headers=headers), NOW), Unproven)


def test_a_secret_that_is_none_proves_nothing() -> None:
    """Not even to whoever signs with nothing."""
    empty = hmac.new(b"", b"m.1614265330.", hashlib.sha256).digest()
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": "1614265330",
        "webhook-signature": f"v1,{base64.b64encode(empty).decode()}",
    }

    for secret in ("whsec_", "whsec_%%%"):
        assert reason_of(proven(STANDARD, [secret], RawBody(headers=headers), NOW)) is Refusal.FORGED


def signed(how: Signature, said: bytes, secret: str = "s3cret") -> str:
    """A signature in a header, as this scheme writes it."""
    digest = hmac.new(secret.encode(), said, how.digest.value).digest()
    return how.prefix + (digest.hex() if how.coding is Coding.HEX else base64.b64encode(digest).decode())


@pytest.mark.parametrize("digest", [Digest.SHA1, Digest.SHA256, Digest.SHA512])
@pytest.mark.parametrize("coding", [Coding.HEX, Coding.BASE64])
@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_a_digest_of_the_body_is_proven_as_it_is_described(digest: Digest, coding: Coding, prefix: str) -> None:
    """GitHub, Shopify, Typeform and their kin differ in these."""
    how = Signature(secret="x", scheme=Scheme.HMAC, header="X-Signature", prefix=prefix, digest=digest, coding=coding)
    sent = RawBody(body=b"{}", headers={"x-signature": signed(how, b"{}")})

    found = proven(how, ["s3cret"], sent, NOW)
    again = proven(how, ["s3cret"], sent, NOW + 86_400)

    assert isinstance(found, Proven)
    assert found == again  # nothing that is signed says when: it is known by what it says
    assert found.once_key is not None
    assert reason_of(proven(how, ["other"], sent, NOW)) is Refusal.FORGED


def test_a_timestamp_in_a_header_of_its_own_is_signed_with_the_body() -> None:
    """As Slack does: `v0:{timestamp}:{body}`."""
    how = Signature(
        secret="x", scheme=Scheme.HMAC, header="x-slack-signature", prefix="v0=", signed="v0:{timestamp}:{body}",
        timestamp_header="x-slack-request-timestamp",
    )  # fmt: skip
    stamp = str(int(NOW))
    headers = {"x-slack-signature": signed(how, f"v0:{stamp}:x=1".encode()), "x-slack-request-timestamp": stamp}

    assert reason_of(proven(how, ["s3cret"], RawBody(body=b"x=1", headers=headers), NOW)) is None
    assert reason_of(proven(how, ["s3cret"], RawBody(body=b"x=1", headers=headers), NOW + 301)) is Refusal.LATE


def test_a_timestamp_may_stand_beside_the_signature_and_count_milliseconds() -> None:
    """As Stripe and Calendly do: `t=...,v1=...`."""
    how = Signature(
        secret="x", scheme=Scheme.HMAC, header="calendly-webhook-signature", prefix="v1=", timestamp_prefix="t=",
        signed="{timestamp}.{body}",
    )  # fmt: skip
    stamp = str(int(NOW * 1000))
    header = f"t={stamp},v0=old,{signed(how, f'{stamp}.x'.encode())}"

    sent = RawBody(body=b"x", headers={"calendly-webhook-signature": header})

    assert reason_of(proven(how, ["s3cret"], sent, NOW)) is None
    assert reason_of(proven(how, ["s3cret"], sent, NOW + 301)) is Refusal.LATE


def test_an_id_counts_where_it_is_signed() -> None:
    """Else a recording could come again under another one."""
    how = Signature(secret="x", scheme=Scheme.HMAC, header="x-signature", signed="{id}{body}", id_header="x-id")
    loose = Signature(secret="x", scheme=Scheme.HMAC, header="x-signature", id_header="x-id")
    sent = RawBody(body=b"x", headers={"x-id": "7", "x-signature": signed(how, b"7x")})
    first = RawBody(body=b"x", headers={"x-id": "7", "x-signature": signed(loose, b"x")})
    other = with_headers(first, x_id="8")

    found, one, two = (
        proven(scheme, ["s3cret"], each, NOW) for scheme, each in ((how, sent), (loose, first), (loose, other))
    )

    assert found == Proven("7", ("id", "7"))
    assert isinstance(one, Proven)
    assert isinstance(two, Proven)
    assert (one.message_id, two.message_id) == ("7", "8")
    assert one.once_key == two.once_key


def test_an_api_key_is_compared_as_it_is() -> None:
    """In any header, behind a prefix, and without one nobody gets in."""
    how = Signature(secret="x", scheme=Scheme.API_KEY, header="Authorization", prefix="Bearer ")

    assert proven(how, ["k1", "k2"], RawBody(headers={"authorization": "Bearer k2"}), NOW) == Proven(None, None)
    assert reason_of(proven(how, ["k1"], RawBody(headers={"authorization": "k1"}), NOW)) is Refusal.FORGED
    assert reason_of(proven(how, ["k1"], RawBody(headers={"authorization": "Bearer "}), NOW)) is Refusal.FORGED
    assert reason_of(proven(how, ["k1"], RawBody(), NOW)) is Refusal.UNSIGNED
