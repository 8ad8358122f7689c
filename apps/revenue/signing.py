"""Standard Webhooks (standardwebhooks.com, 1.0): what a secret is, and how a message says who wrote it."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


class SecretRefused(ValueError):
    """A secret that cannot be one."""


def key_of(secret: str) -> bytes:
    r"""The bytes of a secret, which is written in base64, behind `whsec_` or without it.

    The libraries of Standard Webhooks read secrets so: whoever signs and whoever proves may each leave the prefix out.
    Taking a secret without it as text was tried: both ends then had the same secret and different keys.

    Raises:
        SecretRefused: it is empty, or no base64.

    >>> key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")[:3]
    b'1\xf2\x90'
    >>> key_of("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") == key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    True
    """
    text = secret.strip().removeprefix(PREFIX)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SecretRefused("it is no base64: write `whsec_` and at least 24 random bytes in base64") from None
    if not key:
        raise SecretRefused("it is empty")
    return key


def signed(message_id: str, at_s: int, body: bytes, key: bytes) -> dict[str, str]:
    """The headers of a message: its id, the moment (seconds since 1970) and the signature over both and the body.

    >>> key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> signed("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', key)["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    content = f"{message_id}.{at_s}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(at_s), "webhook-signature": f"v1,{signature}"}
