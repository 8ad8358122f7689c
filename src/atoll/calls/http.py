"""Calls as HTTP/1.1: what both ends of a connection agree on. Pure; the drivers in `adapters` move the bytes.

An operation is served at `/{service id}/v{major}{path}`. What travels beside its arguments are headers:

    traceparent          the caller's span (W3C Trace Context, level 1)
    atoll-timeout        seconds until the deadline: relative, so that clocks need not agree
    atoll-caller         the name of the calling service
    atoll-user, atoll-tenant, atoll-criticality
    atoll-token, atoll-user-token: what proves both names; see `proving`
    idempotency-key      derived for this call (draft-ietf-httpapi-idempotency-key-header)
    atoll-attempt        how often it has been sent, where that is not the first time
    atoll-strict         `1` where it comes from outside: what the contract does not know is refused

All of them may be missing where callers need not prove who they are, so that curl can call. An answer may say beside
its result

    atoll-degraded       the operations that fallbacks have answered for
    atoll-again          `no`: whoever is next to the failure has tried again already
    retry-after          seconds (RFC 9110, 10.2.3)

An instance that has not begun to work on a
request says so, and the request may be sent to another one, whatever its method: with 421 (RFC 9110, 15.5.20) to one
that comes while it drains, with 408 (RFC 9110, 15.5.9) on an idle connection that it is about to close, and with 503
where too many connections are open, or with `retry-after` more calls than it can answer.
"""

import email.utils
import functools
import math
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from atoll.calls.ports import TIMEOUT_S, Again, Door, Request, Response
from atoll.calls.proving import audience_of
from atoll.contract import MEDIA_TYPE, Fault, InvalidInput, MethodNotAllowed, Operation, Problem, to_wire
from atoll.kernel import Context, Criticality, Trace

TIMEOUT = "atoll-timeout"
"""The header in which a caller says how many seconds it will wait."""

NOT_BEGUN = (408, 421, 503)
"""The statuses by which an instance says that it has not begun to work on a request, with a header beside them."""

TIMEOUT_MAX_S = 86_400.0
"""A longer timeout is one of a day."""

HEADERS = frozenset(
    b"host content-type content-length transfer-encoding expect connection upgrade accept traceparent idempotency-key "
    b"atoll-timeout atoll-caller atoll-user atoll-tenant atoll-criticality atoll-attempt atoll-strict "
    b"atoll-token atoll-user-token".split()
)
"""The headers that a service reads; each may be sent once."""

_REASONS = {200: b"OK", 204: b"No Content", 408: b"Request Timeout", 421: b"Misdirected Request"}

_UNSAFE = re.compile(r"[^!#$&-~]")


Proof = Callable[[Context, str, float], bytes]
"""Gives the lines of a head that prove to a service what a context says; the number is the loop's time."""


class NotBegun(Problem, status=421, code="not_begun", retryable=True, detail="{reason}: send the request elsewhere"):
    """The instance has not begun to work on the request, and will not."""

    reason: str


def not_begun(reason: str, status: int) -> Response:
    """The answer of an instance that will not work on a request; `NOT_BEGUN_LINE` belongs into its head."""
    return Response(status, to_wire(NotBegun(reason=reason), None))


NOT_BEGUN_LINE = b"atoll-not-begun: 1\r\n"
"""Says in the head of an answer that no handler has seen the request. No handler's own answer can say it."""


def head_says(head: bytes, name: bytes) -> bool:
    """Whether there is a header of this name, in lower case, in a head."""
    return b"\r\n" + name + b":" in head.lower()


class Target:
    """An operation as HTTP names it: in its own place, or behind a door at a server that is called `host`."""

    def __init__(self, operation: Operation, door: Door | None = None, host: str = "") -> None:
        base = f"/{operation.service}/v{operation.major}" if door is None else door.root.rstrip("/")
        path = "" if door is None and operation.path == "/" else operation.path
        self._segments = f"{base}{path}".split("/")
        self._method = operation.method.encode()
        more = "".join(f"{name}: {value}\r\n" for name, value in door.headers) if door is not None else ""
        self._host = f"host: {host or operation.service}\r\n{more}".encode("latin-1")
        self._is_trusted = door is None or not door.is_stranger
        self.audience = audience_of(operation)
        """The service that is called, as tokens and certificates name it."""
        self._has_length = operation.method in ("POST", "PUT", "PATCH")
        self._plain = self._line("/".join(self._segments))

    def request_bytes(self, request: Request, now: float, proof: Proof | None = None) -> bytes:
        """A request as bytes, the head and the body; `now` is the loop's time, `proof` gives lines that prove it."""
        line = self._line(self._address(request)) if request.path or request.query else self._plain
        context = request.context
        trace = context.trace
        head = b"%btraceparent: 00-%032x-%016x-%02x\r\n%b" % (
            line,
            trace.trace_id,
            trace.span_id,
            trace.sampled,
            _context_lines(context) if self._is_trusted else b"",
        )
        if proof is not None and self._is_trusted:
            head += proof(context, self.audience, now)
        if context.deadline_at is not None:
            head += b"atoll-timeout: %.6f\r\n" % max(0.0, context.deadline_at - now)
        if request.attempt > 1:
            head += b"atoll-attempt: %d\r\n" % request.attempt
        if request.strict and self._is_trusted:
            head += STRICT_LINE
        body = request.body
        if request.headers:
            head += "".join(f"{name}: {value}\r\n" for name, value in request.headers).encode("latin-1")
            return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)
        if body:
            return b"%bcontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (head, len(body), body)
        return head + (b"content-length: 0\r\n\r\n" if self._has_length else b"\r\n")

    def _line(self, address: str) -> bytes:
        return b"%b %b HTTP/1.1\r\n%b" % (self._method, address.encode(), self._host)

    def _address(self, request: Request) -> str:
        words = iter(request.path)
        path = "/".join(quote(next(words), safe="") if part[:1] == "{" else part for part in self._segments)
        if request.query:
            path += "?" + "&".join(f"{quote(name, safe='')}={quote(word, safe='')}" for name, word in request.query)
        return path


@functools.lru_cache(256)
def _caller_line(caller: str) -> bytes:
    return b"atoll-caller: %b\r\n" % _word(caller) if caller else b""


def _context_lines(context: Context) -> bytes:
    """What of a context is not as it mostly is."""
    lines = _caller_line(context.caller)
    if context.user is not None:
        lines += b"atoll-user: %b\r\n" % _word(context.user)
    if context.tenant != "main":
        lines += b"atoll-tenant: %b\r\n" % _word(context.tenant)
    if context.criticality is not Criticality.NORMAL:
        lines += b"atoll-criticality: %b\r\n" % context.criticality.encode()
    if context.idempotency_key is not None:
        lines += b"idempotency-key: %b\r\n" % _word(context.idempotency_key)
    return lines


def _word(text: str) -> bytes:
    """Text as a header can hold it: what is no visible ASCII, and `%`, is percent-encoded."""
    return (
        quote(text, safe="!#$&'()*+,-./:;<=>?@[]^_`{|}~", errors="replace") if _UNSAFE.search(text) else text
    ).encode()


def context_of(headers: Mapping[bytes, bytes], operation: Operation, now: float, bits: Callable[[int], int]) -> Context:
    """What the headers of a request say about it: the context of who answers, as a span of its own in the trace.

    The trace is a new one where they name none. A caller that does not say how long it waits is given what a typed
    client would wait; a stream has no end of its own.

    Raises:
        InvalidInput: the timeout is no number of seconds.
    """
    get = headers.get
    trace = _span_in(get(b"traceparent"), bits)
    deadline_at = _deadline_at(get(b"atoll-timeout"), operation, now)
    caller = get(b"atoll-caller")
    caller_name = "" if caller is None else _text(caller)
    if headers.keys() <= _USUAL:
        return Context(trace, deadline_at, caller_name, service=operation.service)
    user, key, user_token = get(b"atoll-user"), get(b"idempotency-key"), get(b"atoll-user-token")
    return Context(
        trace,
        deadline_at,
        caller_name,
        None if user is None else _text(user),
        _text(get(b"atoll-tenant", b"main")),
        _CRITICALITY.get(get(b"atoll-criticality", b""), Criticality.NORMAL),
        None if key is None else _text(key),
        None,
        None if user_token is None else user_token.decode("latin-1"),
        operation.service,
    )


_USUAL = HEADERS - {b"atoll-user", b"atoll-tenant", b"atoll-criticality", b"atoll-user-token", b"idempotency-key"}


def _span_in(given: bytes | None, bits: Callable[[int], int]) -> Trace:
    """A span below the one that a header names; most headers are written as ours are, and read without a search."""
    span_id = bits(64) or 1
    if given is None:
        return Trace(bits(128) or 1, span_id, 0, True)
    if len(given) == 55 and given[:3] == b"00-" and given[35:36] == b"-" == given[52:53] and given[53:54] == b"0":
        hexadecimal = given[3:35] + given[36:52]
        if hexadecimal.translate(None, _HEXADECIMAL) == b"":
            trace_id, parent_id = int(given[3:35], 16), int(given[36:52], 16)
            if trace_id and parent_id and given[54:] in _FLAGS:
                return Trace(trace_id, span_id, parent_id, _FLAGS[given[54:]])
    trace = Trace.parse(given.decode("latin-1"))
    return Trace(bits(128) or 1, span_id, 0, True) if trace is None else trace.child(span_id)


_HEXADECIMAL = b"0123456789abcdef"
_FLAGS = {b"0": False, b"1": True}


_CRITICALITY = {each.encode(): each for each in Criticality}


def _deadline_at(given: bytes | None, operation: Operation, now: float) -> float | None:
    if given is None:
        return None if operation.is_streamed else now + (operation.timeout_s or TIMEOUT_S)
    return now + timeout_of(given)


def timeout_of(given: bytes) -> float:
    """The seconds in a timeout header, a day at most.

    Raises:
        InvalidInput: it is no number of seconds from zero on.
    """
    try:
        timeout_s = float(given)
    except ValueError:
        timeout_s = -1.0
    if 0 <= timeout_s < math.inf:
        return min(TIMEOUT_MAX_S, timeout_s)
    fault = Fault(
        pointer=f"/{TIMEOUT}", detail=f"`{given.decode('latin-1')}` is not a number of seconds", place="header"
    )
    raise InvalidInput(errors=(fault,))


def _text(value: bytes) -> str:
    text = value.decode("latin-1")
    return unquote(text) if "%" in text else text


def head_bytes(status: int, length: int, *, is_last: bool, more: bytes = b"") -> bytes:
    """The head of an answer of so many bytes; `is_last` tells that the connection ends with it."""
    closing = b"connection: close\r\n" if is_last else b""
    if status == 204:
        return b"HTTP/1.1 204 No Content\r\n%b%b\r\n" % (more, closing)
    return b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n%b%b\r\n" % (
        status,
        _REASONS.get(status, b"-"),
        b"application/json" if status < 300 else _PROBLEM,
        length,
        more,
        closing,
    )


_PROBLEM = MEDIA_TYPE.encode()

OK_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
"""The answer that is sent most, with places for its length and its body."""


def allow_line(problem: Problem) -> bytes:
    """The line of a head that says which methods a path takes (RFC 9110, 15.5.6)."""
    return b"allow: %b\r\n" % problem.allowed.encode() if isinstance(problem, MethodNotAllowed) else b""


RETRIED = (429, 503)
"""The statuses that may say when to ask again."""


def retry_after_in(head: bytes, now: float) -> float | None:
    """For how many seconds the head of an answer asks to be left alone (RFC 9110, 10.2.3); None where it does not.

    It may name a moment, too; `now` is this one, in seconds since 1970. A day is the longest.
    """
    _, found, rest = head.lower().partition(b"\r\nretry-after:")
    text = rest.partition(b"\r\n")[0].strip().decode("latin-1")
    if not found:
        return None
    if text.isascii() and text.isdigit():
        return min(TIMEOUT_MAX_S, float(text))
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return min(TIMEOUT_MAX_S, max(0.0, moment.timestamp() - now))


def answer_lines(response: Response) -> bytes:
    """The lines of a head that say of an answer what is beside its result: mostly none."""
    if response.retry_after_s is None and not response.degraded and response.again is Again.IF_IDEMPOTENT:
        return b""
    lines = b"" if response.retry_after_s is None else b"retry-after: %d\r\n" % math.ceil(response.retry_after_s)
    if response.degraded:
        lines += b"%b: %b\r\n" % (DEGRADED, ", ".join(response.degraded).encode())
    if response.again is Again.IF_IDEMPOTENT:
        return lines
    return lines + (b"atoll-again: no\r\n" if response.again is Again.NO else NOT_BEGUN_LINE)


DEGRADED = b"atoll-degraded"
"""The header that names the operations that fallbacks have answered for."""


def degraded_in(head: bytes) -> tuple[str, ...]:
    """The operations that fallbacks have answered for, by the head of an answer of our own."""
    if DEGRADED not in head:
        return ()
    rest = head.partition(b"\r\natoll-degraded:")[2]
    names = rest.partition(b"\r\n")[0].decode("latin-1").split(",")
    return tuple(name.strip() for name in names[:NAMES_MAX])


NAMES_MAX = 16


def attempt_of(headers: Mapping[bytes, bytes]) -> int:
    """How often a request has been sent, as far as it says."""
    given = headers.get(b"atoll-attempt")
    return int(given) if given is not None and given.isdigit() and len(given) < 4 else 1


STRICT_LINE = b"atoll-strict: 1\r\n"
"""Says in the head of a request that it comes from outside."""


def is_strict(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request says that it comes from outside."""
    return b"atoll-strict" in headers


def stream_head_bytes(*, is_last: bool, in_chunks: bool = True, more: bytes = b"") -> bytes:
    """The head of an answer that comes line by line; without chunks the end of the connection is its end."""
    closing = b"connection: close\r\n" if is_last else b""
    coding = b"transfer-encoding: chunked\r\n" if in_chunks else b""
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n%b%b%b\r\n" % (coding, more, closing)


def chunk_bytes(line: bytes) -> bytes:
    """One line of a stream as a chunk."""
    return b"%x\r\n%b\n\r\n" % (len(line) + 1, line)


LAST_CHUNK = b"0\r\n\r\n"
