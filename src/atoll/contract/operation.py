"""Operations: one request and one answer of a contract, compiled."""

import inspect
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, NamedTuple, NoReturn

from atoll.contract.arguments import Argument, Place, path_names
from atoll.contract.codec import Codec, codec_of
from atoll.contract.faults import Fault, Invalid, pointer_to
from atoll.contract.personal import is_personal
from atoll.contract.problems import PLATFORM_PROBLEMS
from atoll.contract.record import Kind
from atoll.contract.verbs import Declared


class ResultForm(StrEnum):
    """What an operation answers with."""

    NOTHING = "nothing"
    VALUE = "value"
    PAGE = "page"
    STREAM = "stream"


Words = tuple[str, ...]
"""The words of path arguments, in the order of the template."""

Query = tuple[tuple[str, str], ...]
"""Names and words of query arguments; a list repeats its name."""

Encoded = tuple[Words, Query, bytes]
"""A call's arguments as they travel, the body last."""


class Trap(NamedTuple):
    """Words of path arguments (None: any word) that together are the path of another operation."""

    words: tuple[str | None, ...]
    other: str


class Operation:
    """One operation, compiled: how its arguments and its result travel. Immutable once its contract is compiled."""

    def __init__(
        self,
        contract_id: str,
        major: int,
        name: str,
        declared: Declared,
        arguments: tuple[Argument, ...],
        form: ResultForm,
        result: Kind,
        function: Callable[..., Any],  # Any: a method
        *,
        is_open: bool = False,
        is_raw: bool = False,
        takes_raw: bool = False,
    ) -> None:
        self.name = name
        self.is_open = is_open
        """Whether answers pass with what is not declared: a document of somebody else's may not tell everything."""
        self.is_raw = is_raw
        """Whether it is no call: what is sent passes with the headers that say what it is, as events do by POST."""
        self.takes_raw = takes_raw
        """Whether its body is a `RawBody`: whatever comes from outside is put into one at the edge."""
        self.id = f"{contract_id}.{name}"
        self.service = contract_id
        self.major = major
        self.method = declared.method
        self.path = declared.path
        self.public = declared.public
        self.anyone = declared.anyone
        """Whether the edge asks for no key: it finds out by itself who asks."""
        self.raises = tuple(declared.raises)
        self.deprecated = declared.deprecated
        self.timeout_s = declared.timeout_s
        self.callers = None if declared.callers is None else tuple(declared.callers)
        """The services that may call it, of those that depend on the contract; None where all of these may."""
        self.arguments = arguments
        self.form = form
        self.result = result
        self.function = function
        self.description = inspect.getdoc(function) or ""
        self.problems = PLATFORM_PROBLEMS | {problem.code: problem for problem in self.raises}
        self.codec: Codec[Any] | None = None if form is ResultForm.NOTHING else codec_of(result)  # Any: by contract
        self.body: Argument | None = next((item for item in arguments if item.place is Place.BODY), None)
        self.body_codec: Codec[Any] | None = codec_of(self.body.kind) if self.body else None  # Any: by contract
        by_name = {argument.name: argument for argument in arguments}
        self._path = tuple(by_name[name] for name in path_names(self.path))
        self._query = tuple(argument for argument in arguments if argument.place is Place.QUERY)
        self._names = tuple(by_name)
        self._known = frozenset(by_name)
        self._required = frozenset(argument.name for argument in arguments if argument.required)
        signature = inspect.signature(function)
        self._bind = signature.bind
        self._by_position_max = (
            sum(parameter.kind is parameter.POSITIONAL_OR_KEYWORD for parameter in signature.parameters.values()) - 1
        )
        self._only_body = self.body_codec if len(arguments) == 1 else None
        self._only_body_by_position = self._only_body if self._by_position_max else None
        self._traps: tuple[Trap, ...] = ()
        self._subject = next((at for at, item in enumerate(self._path) if not is_personal(item.kind)), None)

    def subject_in(self, path: Words) -> str:
        """What a call is about, for whoever looks for it: the first path argument that is not personal, or nothing."""
        return "" if self._subject is None else path[self._subject]

    def avoid(self, traps: Iterable[Trap]) -> None:
        """Refuse calls whose path would be another operation's, wherever that is placed."""
        self._traps = tuple(traps)

    def trap_in(self, path: Words) -> Trap | None:
        """What makes these words of the path another operation's path; None where nothing does."""
        for trap in self._traps:
            if all(word in (None, given) for word, given in zip(trap.words, path, strict=True)):
                return trap
        return None

    @property
    def is_idempotent(self) -> bool:
        """Whether HTTP promises that twice is the same as once (RFC 9110, 9.2.2)."""
        return self.method in ("GET", "PUT", "DELETE")

    @property
    def is_streamed(self) -> bool:
        """Whether it answers item by item."""
        return self.form is ResultForm.STREAM

    def encode_call(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Encoded:
        """The arguments of a call as they travel. What the caller leaves out is not sent.

        Raises:
            TypeError: the arguments do not fit the signature, as for any Python call.
            Invalid: a value cannot travel.
        """
        if self._only_body_by_position is not None and len(args) == 1 and not kwargs:
            return (), (), self._only_body_by_position.encode(args[0])
        given = self._given(args, kwargs)
        path = tuple(word for item in self._path if item.words for word in item.words.encode(given[item.name]))
        if (trap := self.trap_in(path)) is not None:
            self._refuse(trap)
        query = tuple(
            (item.wire_name, word)
            for item in self._query
            if item.words and item.name in given
            for word in item.words.encode(given[item.name])
        )
        if self.body is None or self.body_codec is None or self.body.name not in given:
            return path, query, b""
        return path, query, self.body_codec.encode(given[self.body.name])

    def decode_call(self, path: Words, query: Query, body: bytes, *, strict: bool) -> dict[str, object]:
        """The handler's keyword arguments. With `strict`, what the contract does not know is a fault.

        Raises:
            Invalid: with every fault of every argument.
        """
        if self._only_body is not None and body and not query:
            return {self._names[0]: self._only_body.decode(body, strict=strict)}
        given: dict[str, object] = {}
        faults: list[Fault] = []
        if path:
            for item, word in zip(self._path, path, strict=True):
                _read_words(given, faults, item, (word,), strict)
        if query or self._query:
            self._read_query(given, faults, query, strict)
        if body or self.body is not None:
            self._read_body(given, faults, body, strict)
        if faults:
            raise Invalid(tuple(faults))
        return given

    def _read_query(self, given: dict[str, object], faults: list[Fault], query: Query, strict: bool) -> None:
        asked: dict[str, list[str]] = {}
        for name, word in query:
            asked.setdefault(name, []).append(word)
        for item in self._query:
            words = asked.pop(item.wire_name, None)
            if words is not None or item.required:
                _read_words(given, faults, item, tuple(words or ()), strict)
        if strict:
            faults += [
                Fault(pointer=pointer_to("", name), detail="is not asked for here", place=Place.QUERY) for name in asked
            ]

    def _read_body(self, given: dict[str, object], faults: list[Fault], body: bytes, strict: bool) -> None:
        if self.body is None or self.body_codec is None:
            if strict:
                faults.append(Fault(pointer="", detail="no body is asked for here"))
        elif body:
            try:
                given[self.body.name] = self.body_codec.decode(body, strict=strict)
            except Invalid as invalid:
                faults += invalid.faults
        elif self.body.required:
            faults.append(Fault(pointer="", detail="is required"))

    def _refuse(self, trap: Trap) -> NoReturn:
        name, word = next((item.name, word) for item, word in zip(self._path, trap.words, strict=True) if word)
        detail = f"`{word}` would make this a call of {trap.other}"
        raise Invalid((Fault(pointer=pointer_to("", name), detail=detail, place=Place.PATH),))

    def _given(self, args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
        given = dict(zip(self._names, args, strict=False))
        if kwargs:
            given.update(kwargs)
        fits = (
            len(given) == len(args) + len(kwargs)
            and len(args) <= self._by_position_max
            and given.keys() <= self._known
            and given.keys() >= self._required
        )
        if not fits:
            self._bind(None, *args, **kwargs)  # says what is wrong, in Python's own words
        return given

    def __repr__(self) -> str:
        return f"<Operation {self.id} {self.method} {self.path}>"


def _read_words(given: dict[str, object], faults: list[Fault], item: Argument, words: Words, strict: bool) -> None:
    assert item.words is not None
    try:
        given[item.name] = item.words.decode(words, strict=strict)
    except Invalid as invalid:
        faults += invalid.faults
