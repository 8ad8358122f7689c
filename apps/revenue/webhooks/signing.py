"""Standard Webhooks: how a message says who wrote it (standardwebhooks.com, specification 1.0)."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


class NoSecret(ValueError):
    """A secret that cannot be one."""


def key_of(secret: str) -> bytes:
    r"""The bytes of a secret: base64 behind `whsec_`; without the prefix, the text itself.

    Raises:
        NoSecret: it is empty, or what follows the prefix is no base64.

    >>> key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")[:3]
    b'1\xf2\x90'
    """
    if not secret:
        raise NoSecret("the secret is empty")
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise NoSecret(f"what follows `{PREFIX}` is no base64") from None


def signed(message_id: str, at_s: int, body: bytes, key: bytes) -> dict[str, str]:
    """The headers of a message: its id, the moment (seconds since 1970) and the signature over both and the body.

    >>> key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> signed("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', key)["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    content = f"{message_id}.{at_s}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(at_s), "webhook-signature": f"v1,{signature}"}
