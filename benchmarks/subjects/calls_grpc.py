"""grpc.aio over a Unix socket: generic handlers that carry JSON by msgspec, which both sides validate.

Protocol Buffers would need a compiler; msgspec reads and writes this body in less time than they do in Python, and
the cost of such a call lies elsewhere.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import msgspec

from benchmarks.measuring.load import LATE_S
from benchmarks.subjects.calls_peer import WRONG, Refused
from benchmarks.subjects.leads import LEAD, Lead, Score, score_of

OPTIONS = [
    ("grpc.optimization_target", "throughput"),
    ("grpc.max_concurrent_streams", 1024),
    ("grpc.http2.lookahead_bytes", 1 << 20),
]

_encode = msgspec.json.Encoder().encode
_lead = msgspec.json.Decoder(Lead)
_score = msgspec.json.Decoder(Score)


async def _handle(body: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
    try:
        lead = _lead.decode(body)
    except msgspec.DecodeError as error:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
    return _encode(score_of(lead.id))


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[str, None]:
    """On a Unix socket."""
    server = grpc.aio.server(options=OPTIONS)
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(_handle)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("leads.Scoring", {"Score": handler}),))
    address = f"unix:{folder / 'grpc.sock'}"
    server.add_insecure_port(address)
    await server.start()
    try:
        yield address
    finally:
        await server.stop(None)


class _Caller:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        place = "/leads.Scoring/Score"
        self._score = channel.unary_unary(place, request_serializer=_encode, response_deserializer=_score.decode)
        self._wrong: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(place)

    async def call(self) -> Score:
        return await self._score(LEAD, timeout=LATE_S)

    async def call_wrongly(self) -> None:
        try:
            await self._wrong(WRONG)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.INVALID_ARGUMENT:
                raise Refused from error
            raise


@asynccontextmanager
async def calling(address: str) -> AsyncGenerator[_Caller, None]:
    """One channel, kept."""
    async with grpc.aio.insecure_channel(address, options=OPTIONS) as channel:
        await channel.channel_ready()
        yield _Caller(channel)
