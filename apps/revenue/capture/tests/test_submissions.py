"""Submissions are kept as they were sent, take effect once, and can be read again when a mapping was mended."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from atoll import RawBody
from atoll.testing import MemoryDatabase, SeededEntropy, SettableClock
from revenue.capture.contract import (
    CaptureRules,
    Fate,
    FileRejected,
    Form,
    FormNotFound,
    LeadDetails,
    LeadFile,
    LeadRejected,
    NoSecret,
    NotKept,
    Received,
    Refusal,
    Replay,
    Signature,
    Source,
    SourceNotFound,
    SubmissionNotFound,
    WebhookRefused,
)
from revenue.capture.payload import FORM
from revenue.capture.service import CaptureService
from revenue.capture.settings import CaptureSettings
from revenue.playbook.contract import PlaybookPublished, TeamRules
from revenue.signing import key_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ACME = Source(name="acme", signature=Signature(secret="acme"), fields={"email": "email", "title": "title"})
UNSET = Source(name="unset", signature=Signature(secret="unset"))
RULES = CaptureRules(forms=(Form(name="demo", consent_text="I agree."),), sources=(ACME, UNSET))


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still."""
    return SettableClock(NOON)


@pytest.fixture
async def capture(clock: SettableClock) -> CaptureService:
    """Capture with a form and two sources."""
    service = CaptureService(
        db=MemoryDatabase(), clock=clock, entropy=SeededEntropy(1), settings=CaptureSettings(secrets={"acme": SECRET})
    )
    await publish(service, 1, RULES)
    return service


async def publish(service: CaptureService, version: int, rules: CaptureRules) -> None:
    """Rules hold from now on."""
    event = PlaybookPublished(name="main", version=version, playbook=TeamRules(capture=rules), published_at=NOON)
    async with service.db.transaction() as tx:
        await service.follow(event, tx)


def webhook(message: str = "m1", at: datetime = NOON, secret: str = SECRET, **payload: str) -> RawBody:
    """A signed webhook."""
    body, stamp = json.dumps(payload).encode(), int(at.timestamp())
    key = key_of(secret)
    signature = base64.b64encode(hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest())
    headers = {"webhook-id": message, "webhook-timestamp": str(stamp), "webhook-signature": f"v1,{signature.decode()}"}
    return RawBody(body=body, media_type="application/json", headers=headers | {"authorization": "secret"})


def form(text: str) -> RawBody:
    """A form as a browser posts it."""
    return RawBody(body=text.encode(), media_type=FORM, headers={"referer": "https://acme.example/?utm_source=ads"})


async def refusals(service: CaptureService) -> Counter[Refusal]:
    """What was turned away, by reason."""
    return Counter({each.reason: each.count for each in (await service.refusals()).items})


async def test_a_form_makes_a_lead_and_is_kept(capture: CaptureService) -> None:
    """As it was sent, with what became of it and by which rules."""
    received = await capture.submit("demo", form("email=ada%40example.com&consent=on"))

    kept = await capture.submission(received.submission_id)
    lead = await capture.lead(received.lead_id or "")
    assert kept.raw == b"email=ada%40example.com&consent=on"
    assert kept.submission.digest == hashlib.sha256(kept.raw).hexdigest()
    assert (kept.submission.fate, kept.submission.source, kept.submission.rules_version) == (Fate.ACCEPTED, "demo", 1)
    assert (lead.consent, lead.consent_at, lead.utm_source) == ("I agree.", NOON, "ads")


async def test_a_form_that_makes_no_lead_is_told_and_kept(capture: CaptureService) -> None:
    """The visitor can mend it; so can the team."""
    with pytest.raises(LeadRejected):
        await capture.submit("demo", form("email=ada@"))

    (kept,) = (await capture.submissions(rejected=True)).items
    assert (kept.fate, kept.reason, kept.lead_id) == (Fate.REJECTED, "email_invalid", None)


async def test_what_programs_fill_in_is_counted_and_no_lead(capture: CaptureService) -> None:
    """They are answered as people are, so that they learn nothing."""
    received = [await capture.submit("demo", form(f"email=b{number}@example.com&fax=x")) for number in range(3)]
    received.append(await capture.submit("demo", form("email=c@example.com&seconds=0")))

    assert {each.fate for each in received} == {Fate.ACCEPTED}
    assert (await capture.count()).leads == 0
    assert (await capture.submissions()).items == ()
    assert await refusals(capture) == {Refusal.HONEYPOT: 3, Refusal.TOO_QUICK: 1}


async def test_a_form_that_nobody_knows_is_told(capture: CaptureService) -> None:
    """And counted, without the name that a stranger made up."""
    for name in ("x", "y"):
        with pytest.raises(FormNotFound):
            await capture.submit(name, form("email=a@example.com"))

    (counted,) = (await capture.refusals()).items
    assert (counted.source, counted.reason, counted.count, counted.day) == ("", Refusal.NO_SUCH_FORM, 2, NOON.date())


async def test_a_webhook_makes_a_lead_and_proofs_are_not_kept(capture: CaptureService) -> None:
    """What proves who sends it would prove it again."""
    received = await capture.receive("acme", webhook(email="ada@example.com", title="CTO"))

    kept = await capture.submission(received.submission_id)
    assert (received.fate, kept.submission.message_id) == (Fate.ACCEPTED, "m1")
    assert not {"authorization", "webhook-signature"} & kept.about.keys()


async def test_a_delivery_that_comes_again_is_done_already(capture: CaptureService, clock: SettableClock) -> None:
    """Answered as the first time, with no effect, also at once with it; and counted."""
    first = await capture.receive("acme", webhook(email="ada@example.com", title="CTO"))
    await capture.receive("acme", webhook("m2", email="ada@example.com", title="CEO"))

    clock.advance(timedelta(minutes=4))
    again = await capture.receive("acme", webhook(email="ada@example.com", title="CTO"))

    assert again == first
    assert (await capture.leads()).items[0].title == "CEO"
    assert len((await capture.submissions()).items) == 2
    assert await refusals(capture) == {Refusal.REPLAYED: 1}


async def test_of_deliveries_at_once_one_takes_effect(capture: CaptureService) -> None:
    """Whoever comes second is answered as the first."""
    sent = webhook(email="ada@example.com")

    received = await asyncio.gather(*(capture.receive("acme", sent) for _ in range(5)))

    assert len({each.submission_id for each in received}) == 1
    assert ((await capture.count()).leads, len((await capture.submissions()).items)) == (1, 1)


async def test_what_proves_nothing_leaves_a_count(capture: CaptureService, clock: SettableClock) -> None:
    """Forged, late, unsigned, of nobody, or without a secret to tell by: each is a problem of its own."""
    other = "whsec_" + base64.b64encode(b"x" * 24).decode()
    late = webhook(at=NOON - timedelta(minutes=6), email="ada@example.com")

    for sent, reason in (
        (webhook(secret=other, email="ada@example.com"), Refusal.FORGED),
        (late, Refusal.LATE),
        (RawBody(body=b"{}"), Refusal.UNSIGNED),
    ):
        with pytest.raises(WebhookRefused) as refused:
            await capture.receive("acme", sent)
        assert refused.value.reason is reason
    with pytest.raises(SourceNotFound):
        await capture.receive("nobody", webhook())
    with pytest.raises(NoSecret, match="REVENUE_CAPTURE_SECRETS"):
        await capture.receive("unset", webhook())

    assert await refusals(capture) == dict.fromkeys(
        [Refusal.FORGED, Refusal.LATE, Refusal.UNSIGNED, Refusal.NO_SUCH_SOURCE, Refusal.NO_SECRET], 1
    )
    assert ((await capture.submissions()).items, (await capture.count()).leads) == ((), 0)


async def test_a_payload_that_makes_no_lead_is_kept_until_its_mapping_is_mended(capture: CaptureService) -> None:
    """Its sender need not send it again; replaying it twice is the same as once."""
    received = await capture.receive("acme", webhook(mail="ada@example.com", role="CTO"))
    mended = Source(name="acme", signature=Signature(secret="acme"), fields={"email": "mail", "title": "role"})

    still = await capture.replay(received.submission_id, Replay())
    await publish(capture, 2, CaptureRules(sources=(mended,)))
    replayed = await capture.replay(received.submission_id, Replay())
    again = await capture.replay(received.submission_id, Replay())

    lead = await capture.lead(replayed.lead_id or "")
    assert (received.fate, still.fate, still.rules_version) == (Fate.REJECTED, Fate.REJECTED, 1)
    assert (replayed.fate, replayed.rules_version, lead.title) == (Fate.ACCEPTED, 2, "CTO")
    assert (again.fate, again.replays, lead.revision) == (Fate.UNCHANGED, 3, 1)


async def test_what_was_said_later_stays_when_something_older_is_read_again(
    capture: CaptureService, clock: SettableClock
) -> None:
    """It fills what nobody has said, and no more."""
    old = await capture.submit("demo", form("email=ada%40example.com&title=CTO&ort=Ulm"))
    clock.advance(timedelta(days=1))
    await capture.submit("demo", form("email=ada%40example.com&title=CEO"))
    await publish(capture, 2, CaptureRules(forms=(Form(name="demo", fields={"ort": "street"}),)))

    await capture.replay(old.submission_id, Replay())

    lead = await capture.lead(old.lead_id or "")
    assert (lead.title, lead.street, lead.city) == ("CEO", "Ulm", "Ulm")


async def test_a_lead_by_api_is_kept_as_it_came(capture: CaptureService) -> None:
    """Also one that is rejected."""
    receipt = await capture.accept(LeadDetails(email=" ADA@example.com "))
    with pytest.raises(LeadRejected):
        await capture.accept(LeadDetails(title="CTO"))

    first, second = (await capture.submissions()).items
    assert (first.fate, first.lead_id, second.fate) == (Fate.ACCEPTED, receipt.lead.id, Fate.REJECTED)
    assert (await capture.submission(first.id)).raw == b'{"email":" ADA@example.com "}'
    assert (await capture.replay(second.id, Replay())).fate is Fate.REJECTED
    assert (await capture.replay(first.id, Replay())).fate is Fate.UNCHANGED


async def test_a_piece_of_a_file_is_kept_once_and_read_again_by_another_mapping(capture: CaptureService) -> None:
    """All its rows, byte by byte; what could not be taken by the old mapping comes in by the new one."""
    file = LeadFile(
        file_name="fair.csv", content=b"Wer;Mail\nAda;ada@example.com\nByron;-\n", import_id="d",
        mapping={"Wer": "ignore"},
    )  # fmt: skip
    await capture.import_file(file)
    await capture.import_file(file)
    (piece,) = (await capture.submissions()).items

    replayed = await capture.replay(piece.id, Replay(mapping={"Wer": "last_name"}))

    names = [lead.last_name for lead in (await capture.leads()).items]
    assert (piece.fate, piece.rows, piece.rejected) == (Fate.READ, 2, 1)
    assert (replayed.rows, replayed.rejected, names) == (2, 0, ["Ada", "Byron"])
    assert (await capture.submission(piece.id)).raw == file.content
    assert (await capture.import_file(file)).unchanged == 2


async def test_a_file_that_is_no_list_is_kept_and_can_be_read_by_a_mapping(capture: CaptureService) -> None:
    """The mapping that it lacks is all that was wrong with it."""
    file = LeadFile(file_name="team.csv", content=b"agent\nOdo Quillfeather\n")
    with pytest.raises(FileRejected):
        await capture.import_file(file)
    (piece,) = (await capture.submissions(rejected=True)).items
    with pytest.raises(FileRejected):
        await capture.replay(piece.id, Replay())

    replayed = await capture.replay(piece.id, Replay(mapping={"agent": "name"}))

    assert (piece.reason, replayed.fate) == ("nobody_named", Fate.READ)
    assert (await capture.leads()).items[0].last_name == "Quillfeather"


async def test_submissions_are_let_go_of_after_a_while(capture: CaptureService, clock: SettableClock) -> None:
    """But a delivery that came once never takes effect again."""
    await capture.accept(LeadDetails(email="a@example.com"))
    received = await capture.receive("acme", webhook(email="ada@example.com"))
    clock.advance(timedelta(days=91))
    fresh = await capture.accept(LeadDetails(email="b@example.com"))
    async with capture.db.transaction() as tx:
        await capture.forget(tx)

    left = (await capture.submissions()).items
    again = await capture.receive("acme", webhook(at=clock.now(), email="ada@example.com"))

    assert [(each.lead_id, each.is_kept) for each in left] == [(received.lead_id, False), (fresh.lead.id, True)]
    assert again == Received(submission_id=received.submission_id, fate=Fate.ACCEPTED, lead_id=received.lead_id)
    with pytest.raises(NotKept):
        await capture.replay(received.submission_id, Replay())


@pytest.mark.parametrize("submission_id", ["nobody", "\0"])
async def test_a_submission_that_is_not_there_is_told(capture: CaptureService, submission_id: str) -> None:
    """With where to look."""
    with pytest.raises(SubmissionNotFound):
        await capture.submission(submission_id)


async def test_submissions_and_refusals_are_listed_a_page_at_a_time(capture: CaptureService) -> None:
    """Oldest first; those that were rejected by themselves."""
    for number in range(4):
        await capture.accept(LeadDetails(email=f"{number}@example.com"))
        with pytest.raises(LeadRejected):
            await capture.accept(LeadDetails(title=str(number)))

    first = await capture.submissions(limit=2, rejected=True)
    second = await capture.submissions(cursor=first.next, limit=2, rejected=True)

    assert len((await capture.submissions()).items) == 8
    assert len({each.id for each in (*first.items, *second.items)}) == 4
    assert second.next is None
