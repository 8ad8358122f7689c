"""What happened, told reliably: the outbox, the log, subscriptions, deliveries, and what was put aside."""

from atoll.events.declared import Reaction, Repeated, Since, every, handler_mistakes, on, reactions_in, repeated_in
from atoll.events.delivery import Effect, NotNow, Refused, Undeliverable, effect_of
from atoll.events.envelope import Envelope, decode_envelope, encode_envelope, partition_of
from atoll.events.forms import BATCH_BYTES_MAX, BATCH_MAX, Form, written
from atoll.events.inbox import Inbox
from atoll.events.incoming import Incoming, NoForm, read_incoming
from atoll.events.keeping import Keeping, Kept
from atoll.events.log import OutboxLog
from atoll.events.outbox import PAYLOAD_BYTES_MAX, Outbox, append
from atoll.events.pace import Pace
from atoll.events.ports import PARTITIONS, Batch, Log, Message, Wanted
from atoll.events.statements import publishing
from atoll.events.subscription import Subscription
from atoll.events.timing import Timing, Turn
from atoll.events.worker import Subscribed

__all__ = [
    "BATCH_BYTES_MAX",
    "BATCH_MAX",
    "PARTITIONS",
    "PAYLOAD_BYTES_MAX",
    "Batch",
    "Effect",
    "Envelope",
    "Form",
    "Inbox",
    "Incoming",
    "Keeping",
    "Kept",
    "Log",
    "Message",
    "NoForm",
    "NotNow",
    "Outbox",
    "OutboxLog",
    "Pace",
    "Reaction",
    "Refused",
    "Repeated",
    "Since",
    "Subscribed",
    "Subscription",
    "Timing",
    "Turn",
    "Undeliverable",
    "Wanted",
    "append",
    "decode_envelope",
    "effect_of",
    "encode_envelope",
    "every",
    "handler_mistakes",
    "on",
    "partition_of",
    "publishing",
    "reactions_in",
    "read_incoming",
    "repeated_in",
    "written",
]
