"""Tokens of calls: what is believed, and all that is not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from atoll.identity import Refused, SigningKey
from atoll.identity.authority import IDENTITY_S
from atoll.identity.claims import CALL, IDENTITY, LEEWAY_S, Call, Identity
from atoll.identity.instance import CALL_S
from atoll.identity.names import spiffe_id
from atoll.identity.signing import PublicKey
from atoll.identity.verifying import KNOWN_MAX, TOKEN_CHARS_MAX, Verifier
from atoll.testing import SeededEntropy
from tests.identity.proofs import SetClock, authority_of, credentials_of, verifier_of

Json = dict[str, Any]  # Any: parts of a token, right and wrong ones


class Scene:
    """`capture` calls `scoring`. What a thief would have, too: keys of his own."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.authority = authority_of(clock=self.clock)
        self.capture = credentials_of(self.authority, "capture", self.clock)
        self.verifier = verifier_of(self.authority, self.clock)
        self.token = self.capture.token("scoring")
        self.key = SigningKey.of(SeededEntropy(1).token())
        self.thief = SigningKey.of("a thief's own secret, which is as long as any")

    @property
    def now(self) -> float:
        return self.clock.now().timestamp()

    def identity(self, key: SigningKey | None = None, by: SigningKey | None = None, **changed: object) -> str:
        """An identity of `capture` with something changed, signed by the authority or by somebody else."""
        public = PublicKey.of((key or self.key).public)
        said = Identity(
            "spiffe://shop", spiffe_id("shop", "capture"), public, self.now, self.now, self.now + IDENTITY_S
        )
        return (by or self.authority.signing).sign(IDENTITY, msgspec.structs.replace(said, **changed))

    def call(self, by: SigningKey | None = None, **changed: object) -> str:
        """A call of `scoring` with something changed."""
        subject, target = spiffe_id("shop", "capture"), spiffe_id("shop", "scoring")
        said = Call(subject, target, self.now, self.now, self.now + CALL_S)
        return (by or self.key).sign(CALL, msgspec.structs.replace(said, **changed))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_token_says_which_service_calls(scene: Scene) -> None:
    """The control of everything below."""
    assert scene.verifier.caller(scene.token, "scoring") == "capture"
    assert scene.verifier.caller(f"{scene.identity()}~{scene.call()}", "scoring") == "capture"


def test_a_token_is_made_once_for_each_target_until_half_of_its_life(scene: Scene) -> None:
    """A signature costs what some twenty calls cost."""
    scene.clock.pass_by(CALL_S / 2 - 1)
    again = scene.capture.token("scoring")
    scene.clock.pass_by(1)
    renewed = scene.capture.token("scoring")

    assert again == scene.token
    assert renewed != scene.token
    assert scene.capture.token("billing") != renewed


def test_an_identity_is_renewed_at_half_of_its_life_and_tokens_with_it(scene: Scene) -> None:
    """Nobody calls with one that is about to end."""
    scene.clock.pass_by(IDENTITY_S / 2)

    renewed = scene.capture.token("scoring")

    assert renewed.partition("~")[0] != scene.token.partition("~")[0]
    assert scene.verifier.caller(renewed, "scoring") == "capture"


@pytest.mark.parametrize("seconds", [LEEWAY_S + 1, IDENTITY_S / 3, 86_400.0 * 365])
def test_a_clock_that_is_set_back_silences_nobody(scene: Scene, seconds: float) -> None:
    """What was said later than now is believed by nobody who hears it for the first time, a new process say."""
    edge = credentials_of(scene.authority, "gateway", scene.clock, seed=7)
    edge.user_token("ada")
    scene.clock.pass_by(-seconds)
    verifier = verifier_of(scene.authority, scene.clock)

    assert verifier.caller(scene.capture.token("scoring"), "scoring") == "capture"
    assert verifier.user(edge.user_token("ada"), lambda _: True) == "ada"
    assert scene.capture.token("scoring") == scene.capture.token("scoring")


def test_a_replayed_token_is_of_no_use_at_another_service(scene: Scene) -> None:
    """Whoever is called could otherwise call in its caller's name."""
    with pytest.raises(Refused, match="for another service"):
        scene.verifier.caller(scene.token, "billing")


def test_what_was_verified_at_one_service_is_not_known_at_another(scene: Scene) -> None:
    """What is known is known with its target: services of one process share the verifier."""
    scene.verifier.caller(scene.token, "scoring")

    with pytest.raises(Refused, match="for another service"):
        scene.verifier.caller(scene.token, "billing")


@pytest.mark.parametrize(("age_s", "holds"), [(CALL_S + LEEWAY_S - 1, True), (CALL_S + LEEWAY_S, False)])
@pytest.mark.parametrize("is_known", [True, False])
def test_an_expired_token_is_refused_also_where_it_is_known(
    scene: Scene, age_s: float, holds: bool, is_known: bool
) -> None:
    """What is remembered ends with the token."""
    if is_known:
        scene.verifier.caller(scene.token, "scoring")
    scene.clock.pass_by(age_s)

    if holds:
        assert scene.verifier.caller(scene.token, "scoring") == "capture"
    else:
        with pytest.raises(Refused, match="expired"):
            scene.verifier.caller(scene.token, "scoring")


@pytest.mark.parametrize(("ahead_s", "holds"), [(LEEWAY_S - 1, True), (-LEEWAY_S + 1, True), (LEEWAY_S + 1, False)])
def test_clocks_may_be_apart_by_the_leeway(ahead_s: float, holds: bool) -> None:
    """The caller's clock goes ahead, or behind; NTP keeps them closer than this."""
    here, there = SetClock(), SetClock(ahead_s)
    authority = authority_of(clock=there)
    token = credentials_of(authority, "capture", there).token("scoring")
    verifier = verifier_of(authority, here)

    if holds:
        assert verifier.caller(token, "scoring") == "capture"
    else:
        with pytest.raises(Refused, match="does not hold yet"):
            verifier.caller(token, "scoring")


def test_a_stolen_identity_is_of_no_use_without_its_key(scene: Scene) -> None:
    """Every callee sees it: it is the call's signature that nobody else can make."""
    stolen = scene.token.partition("~")[0]

    with pytest.raises(Refused, match="not signed by the instance"):
        scene.verifier.caller(f"{stolen}~{scene.call(by=scene.thief)}", "scoring")


def test_another_services_instance_cannot_call_in_its_name(scene: Scene) -> None:
    """Its own identity is right, its own signature is right, and the name is not its own."""
    billing = scene.identity(key=scene.thief, sub=spiffe_id("shop", "billing"))

    with pytest.raises(Refused, match="in the name of another service"):
        scene.verifier.caller(f"{billing}~{scene.call(by=scene.thief)}", "scoring")


def test_an_identity_of_another_authority_is_refused(scene: Scene) -> None:
    """It may have the same name: it is the key that counts."""
    other = authority_of(clock=scene.clock, seed=9)
    token = credentials_of(other, "capture", scene.clock).token("scoring")

    with pytest.raises(Refused, match="not trusted here"):
        scene.verifier.caller(token, "scoring")


def test_keys_rotate_without_a_restart_and_old_ones_end(scene: Scene) -> None:
    """What the old key has signed holds until it has ended, and no longer."""
    scene.authority.rotate()
    assert scene.verifier.caller(scene.token, "scoring") == "capture"
    renewed = credentials_of(scene.authority, "capture", scene.clock, seed=5).token("scoring")
    assert scene.verifier.caller(renewed, "scoring") == "capture"

    scene.clock.pass_by(IDENTITY_S + 1)
    scene.authority.rotate()

    assert len(scene.authority.trusted.keys) == 2


def test_a_key_that_is_no_longer_trusted_is_not_remembered(scene: Scene) -> None:
    """Taking a key away has an effect now, and not when tokens end."""
    scene.verifier.caller(scene.token, "scoring")
    scene.authority.trusted.put({})

    with pytest.raises(Refused, match="not trusted here"):
        scene.verifier.caller(scene.token, "scoring")


def test_what_is_known_is_bounded(scene: Scene) -> None:
    """A caller can make as many tokens as it likes."""
    identity = scene.identity()
    for number in range(KNOWN_MAX + 10):
        scene.verifier.caller(f"{identity}~{scene.call(exp=scene.now + 30 + number / 1_000)}", "scoring")

    assert scene.verifier.known == KNOWN_MAX


# --- a corpus of what is no token -------------------------------------------------------------------------------------


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parts(statement: str) -> tuple[Json, Json, str]:
    head, payload, signature = statement.split(".")
    return (
        json.loads(base64.urlsafe_b64decode(head + "==")),
        json.loads(base64.urlsafe_b64decode(payload + "==")),
        signature,
    )


def with_header(statement: str, **changed: object) -> str:
    """The statement with other members in its header, and its old signature."""
    head, _, signature = parts(statement)
    head |= changed
    head = {name: value for name, value in head.items() if value is not None}
    return f"{encoded(json.dumps(head).encode())}.{statement.split('.')[1]}.{signature}"


def resigned(scene: Scene, changed: Json, *, drop: str = "") -> str:
    """A call whose header has other members and which is properly signed with them, by the instance itself."""
    _, payload, _ = parts(scene.token.split("~")[1])
    head = {"alg": "EdDSA", "kid": scene.key.id, "typ": CALL} | changed
    head.pop(drop, None)
    signed = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(payload).encode())}"
    return f"{signed}.{encoded(scene.key.signature(signed.encode()))}"


def reclaimed(scene: Scene, changed: Json, *, drop: str = "") -> str:
    """A call with other claims, properly signed."""
    _, payload, _ = parts(scene.token.split("~")[1])
    payload |= changed
    payload.pop(drop, None)
    return scene.key.sign(CALL, payload)


def by_hmac(scene: Scene, statement: str, key: bytes, alg: str) -> str:
    """A statement signed by HMAC with what everybody knows: the public key, taken for a secret."""
    head, payload, _ = parts(statement)
    head["alg"] = alg
    signed = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(payload).encode())}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
    return f"{signed}.{encoded(hmac.digest(key, signed.encode(), digest))}"


def corpus(scene: Scene) -> Iterator[tuple[str, str]]:
    """Names and texts of what must not be believed."""
    yield from wrong_algorithms(scene)
    yield from wrong_headers(scene)
    yield from wrong_claims(scene)
    yield from wrong_shapes(scene)


def wrong_algorithms(scene: Scene) -> Iterator[tuple[str, str]]:
    """None, other ones, and members of the header that would change what is verified."""
    identity, call = scene.token.split("~")
    authority = scene.authority.signing
    for alg in (
        "none",
        "None",
        "NONE",
        "",
        "HS256",
        "HS384",
        "HS512",
        "RS256",
        "ES256",
        "PS256",
        "EdDSA ",
        "eddsa",
        "Ed25519",
    ):
        yield f"alg {alg!r}", f"{identity}~{with_header(call, alg=alg)}"
        yield f"alg {alg!r} of the identity", f"{with_header(identity, alg=alg)}~{call}"
        yield f"alg {alg!r}, signed", f"{identity}~{resigned(scene, {'alg': alg})}"
    for alg in ("HS256", "HS384", "HS512"):
        for label, key in (("raw", scene.key.public), ("text", encoded(scene.key.public).encode())):
            yield f"{alg} with the public key, {label}", f"{identity}~{by_hmac(scene, call, key, alg)}"
        yield f"{alg} with the authority's public key", f"{by_hmac(scene, identity, authority.public, alg)}~{call}"
    for name, value in {
        "crit": ["exp"],
        "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/cert",
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": encoded(scene.thief.public)},
        "x5c": ["MIIB"],
        "b64": False,
        "zip": "DEF",
        "cty": "JWT",
        "enc": "A256GCM",
    }.items():
        yield f"header {name}", f"{identity}~{with_header(call, **{name: value})}"
        yield f"header {name}, signed", f"{identity}~{resigned(scene, {name: value})}"


def wrong_headers(scene: Scene) -> Iterator[tuple[str, str]]:
    """Members that are missing, or name other keys and kinds."""
    identity, call = scene.token.split("~")
    authority = scene.authority.signing
    for name in ("alg", "kid", "typ"):
        yield f"without {name}", f"{identity}~{resigned(scene, {}, drop=name)}"
    for kid in ("", "../../etc/passwd", "' OR 1=1 --", scene.thief.id, authority.id, "x" * 500, 7, None, ["a"]):
        yield f"kid {kid!r}", f"{identity}~{resigned(scene, {'kid': kid})}"
        yield f"kid {kid!r} of the identity", f"{with_header(identity, kid=kid if kid is not None else 0)}~{call}"
    for typ in ("JWT", "jwt", IDENTITY, "", "application/jwt"):
        yield f"typ {typ!r}", f"{identity}~{resigned(scene, {'typ': typ})}"


def wrong_claims(scene: Scene) -> Iterator[tuple[str, str]]:
    """All of them signed as they should be."""
    identity, call = scene.token.split("~")
    for name in ("sub", "aud", "iat", "nbf", "exp"):
        yield f"without {name}", f"{identity}~{reclaimed(scene, {}, drop=name)}"
        yield f"{name} is null", f"{identity}~{reclaimed(scene, {name: None})}"
        yield f"{name} is a list", f"{identity}~{reclaimed(scene, {name: ['spiffe://shop/scoring']})}"
    for name, value in {
        "aud": "*",
        "sub": "spiffe://shop/scoring",
        "exp": scene.now + 1e9,
        "iat": scene.now - 1e9,
    }.items():
        yield f"{name} is {value}", f"{identity}~{reclaimed(scene, {name: value})}"
    for aud in (
        "spiffe://other/scoring",
        "spiffe://shop/scoring/",
        "spiffe://shop/Scoring",
        "scoring",
        "",
        "spiffe://shop",
    ):
        yield f"aud {aud!r}", f"{identity}~{reclaimed(scene, {'aud': aud})}"
    yield "exp is text", f"{identity}~{reclaimed(scene, {'exp': '9999999999'})}"
    yield "exp is now", f"{identity}~{reclaimed(scene, {'exp': scene.now})}"
    yield "more claims", f"{identity}~{reclaimed(scene, {'scope': 'everything'})}"
    for sub in (
        "spiffe://shop/",
        "spiffe://shop",
        "spiffe://other/capture",
        "http://shop/capture",
        "spiffe://shop/a/b",
        "",
    ):
        yield f"identity of {sub!r}", f"{scene.identity(sub=sub)}~{scene.call(sub=sub)}"
    yield "identity of another issuer", f"{scene.identity(iss='spiffe://other')}~{call}"
    yield "identity for a year", f"{scene.identity(exp=scene.now + 3e7)}~{call}"
    yield "identity by itself", f"{scene.identity(by=scene.key)}~{call}"
    yield "identity by a thief", f"{scene.identity(by=scene.thief)}~{call}"
    yield "identity as a call", f"{identity}~{identity}"
    yield "a call as identity", f"{call}~{call}"
    yield "the other way round", f"{call}~{identity}"
    yield "of a key of another kind", f"{scene.identity(jwk=PublicKey('AAAA'))}~{call}"


def wrong_shapes(scene: Scene) -> Iterator[tuple[str, str]]:
    """What is no token at all."""
    identity, call = scene.token.split("~")
    yield from {
        "nothing": "",
        "a separator": "~",
        "identity alone": identity,
        "identity and a separator": f"{identity}~",
        "call alone": call,
        "twice": f"{scene.token}~{call}",
        "stripped of its signature": f"{identity}~{call.rpartition('.')[0]}.",
        "without signature": f"{identity}~{call.rpartition('.')[0]}",
        "four parts": f"{identity}~{call}.x",
        "five parts, as JWE": f"{identity}~{call}.x.y",
        "padded": f"{identity}~{call}==",
        "with a line end": f"{scene.token}\n",
        "with a space": f" {scene.token}",
        "not ASCII": f"{scene.token}ä",
        "surrogates": f"{scene.token}\udcff",
        "too long": scene.token + "A" * TOKEN_CHARS_MAX,
        "a bomb": "A" * 10_000_000,
        "deep": f"{identity}~{encoded(b'[' * 900)}.{call.split('.')[1]}.{call.split('.')[2]}",
        "another alphabet": f"{identity}~{call.replace('-', '+').replace('_', '/')}+",
    }.items()


def test_of_the_corpus_nothing_is_believed(scene: Scene) -> None:
    """Well over eighty ways to make what is no token."""
    accepted: list[str] = []
    texts = list(corpus(scene))

    for label, text in texts:
        try:
            scene.verifier.caller(text, "scoring")
        except Refused:
            continue
        accepted.append(label)

    assert accepted == []
    assert len(texts) >= 150
    assert not scene.verifier.known, "and nothing of it is remembered"


def test_a_token_with_any_character_changed_is_refused(scene: Scene) -> None:
    """At each place, the last ones too, whose unused bits base64 would let through."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    for place, character in enumerate(scene.token):
        near = alphabet[(alphabet.find(character) ^ 1) % 64]
        changed = f"{scene.token[:place]}{near}{scene.token[place + 1 :]}"
        with pytest.raises(Refused):
            Verifier(scene.authority.trusted, scene.clock).caller(changed, "scoring")


def test_a_refusal_tells_nothing_of_what_was_sent(scene: Scene) -> None:
    """It goes to logs."""
    for _, text in corpus(scene):
        with pytest.raises(Refused) as caught:
            scene.verifier.caller(text, "scoring")
        assert not any(len(part) > 8 and part in str(caught.value) for part in text.replace("~", ".").split("."))


# --- controls: what would be believed without a check ----------------------------------------------------------------


def test_without_the_clock_an_expired_token_would_be_believed(scene: Scene) -> None:
    """The control: it is the time that refuses it, and nothing else."""
    stopped = Verifier(scene.authority.trusted, SetClock())
    scene.clock.pass_by(CALL_S + LEEWAY_S)

    assert stopped.caller(scene.token, "scoring") == "capture"
    with pytest.raises(Refused):
        scene.verifier.caller(scene.token, "scoring")


def test_with_his_key_among_the_trusted_ones_a_thief_would_be_believed(scene: Scene) -> None:
    """The control: it is the authority's key that refuses him."""
    token = f"{scene.identity(key=scene.thief, by=scene.thief)}~{scene.call(by=scene.thief)}"
    with pytest.raises(Refused):
        scene.verifier.caller(token, "scoring")

    scene.authority.trusted.put({scene.thief.id: scene.thief.public})

    assert scene.verifier.caller(token, "scoring") == "capture"
