"""What happened, told reliably: the outbox, the log, subscriptions, deliveries, and what was put aside."""

from atoll.events.declared import Reaction, Repeated, Since, every, handler_mistakes, on, reactions_in, repeated_in
from atoll.events.delivery import Effect, Undeliverable, effect_of
from atoll.events.envelope import Envelope, decode_envelope, encode_envelope, partition_of
from atoll.events.keeping import Keeping, Kept
from atoll.events.log import OutboxLog
from atoll.events.outbox import PAYLOAD_BYTES_MAX, Outbox, append
from atoll.events.ports import PARTITIONS, Batch, Log, Message, Wanted
from atoll.events.statements import publishing
from atoll.events.subscription import Subscription
from atoll.events.timing import Timing, Turn
from atoll.events.worker import Pace, Subscribed

__all__ = [
    "PARTITIONS",
    "PAYLOAD_BYTES_MAX",
    "Batch",
    "Effect",
    "Envelope",
    "Keeping",
    "Kept",
    "Log",
    "Message",
    "Outbox",
    "OutboxLog",
    "Pace",
    "Reaction",
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
    "repeated_in",
]
