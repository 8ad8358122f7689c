"""A secret means the same to whoever signs and to whoever proves."""

import pytest

from atoll import RawBody
from revenue.capture.contract import Signature
from revenue.capture.signing import Proven, proven
from revenue.signing import SecretRefused, key_of, signed

TEXT = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
NOW = 1_614_265_330


@pytest.mark.parametrize("signs", [TEXT, f"whsec_{TEXT}"])
@pytest.mark.parametrize("proves", [TEXT, f"whsec_{TEXT}"])
def test_what_webhooks_sign_capture_proves(signs: str, proves: str) -> None:
    """With the prefix or without it, at either end."""
    headers = signed("msg_1", NOW, BODY, key_of(signs))

    assert isinstance(proven(Signature(secret="acme"), [proves], RawBody(body=BODY, headers=headers), NOW), Proven)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", "plain text", "pässword", "\0"])
def test_what_is_no_base64_is_no_secret(secret: str) -> None:
    """It is refused where it stands, instead of being another key than the receiver's."""
    with pytest.raises(SecretRefused):
        key_of(secret)
