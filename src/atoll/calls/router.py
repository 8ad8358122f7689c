"""From a method and a path to an operation: words before names, one walk, whatever the number of operations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from atoll.contract import Fault, InvalidInput, MethodNotAllowed, NoSuchOperation, Operation


@dataclass(slots=True)
class _Node:
    words: "dict[str, _Node]" = field(default_factory=lambda: {})  # noqa: PIE807  # pyright infers the types of `{}`
    name: "_Node | None" = None
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])


class Router:
    """Finds the operation, of some of one contract, that a request is for."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._root
            for segment in _segments(operation.path):
                if segment.startswith("{"):
                    node.name = node.name or _Node()
                    node = node.name
                else:
                    node = node.words.setdefault(segment, _Node())
            node.operations[operation.method] = operation

    def find(self, method: str, raw_path: str) -> tuple[Operation, tuple[str, ...]]:
        """The operation and the words of its path arguments, decoded. `raw_path` is percent-encoded, without query.

        Raises:
            NoSuchOperation: nothing is served at this path.
            MethodNotAllowed: something is, but not by this method.
            InvalidInput: a segment is not percent-encoded UTF-8.
        """
        found = _walk(self._root, _segments(raw_path), ())
        if found is None:
            raise NoSuchOperation(path=raw_path)
        operations, words = found
        if method not in operations:
            raise MethodNotAllowed(path=raw_path, method=method, allowed=", ".join(sorted(operations)))
        return operations[method], tuple(map(decode_segment, words))


class Routers:
    """Finds the operation, of some of several contracts, at `/{contract id}/v{major}{path}`."""

    def __init__(self, operations: Mapping[str, Iterable[Operation]]) -> None:
        self._routers = {name: Router(several) for name, several in operations.items()}

    def find(self, method: str, raw_path: str) -> tuple[Operation, tuple[str, ...]]:
        """The operation and the words of its path arguments; what is raised tells of the whole path.

        Raises:
            NoSuchOperation, MethodNotAllowed, InvalidInput: as `Router.find`.
        """
        service, _, rest = raw_path.removeprefix("/").partition("/")
        major, slash, path = rest.partition("/")
        router = self._routers.get(f"{service}/{major}")
        if router is None:
            raise NoSuchOperation(path=raw_path)
        try:
            return router.find(method, slash + path)
        except NoSuchOperation:
            raise NoSuchOperation(path=raw_path) from None
        except MethodNotAllowed as refused:
            raise MethodNotAllowed(path=raw_path, method=method, allowed=refused.allowed) from None


def _segments(path: str) -> list[str]:
    return [] if path in ("", "/") else path.removeprefix("/").split("/")


def _walk(
    node: _Node, segments: list[str], words: tuple[str, ...]
) -> tuple[dict[str, Operation], tuple[str, ...]] | None:
    """The operations that the segments lead to; a word goes before a name, as in OpenAPI."""
    if not segments:
        return (node.operations, words) if node.operations else None
    found = None
    if (by_word := node.words.get(segments[0])) is not None:
        found = _walk(by_word, segments[1:], words)
    if found is None and node.name is not None and segments[0]:
        found = _walk(node.name, segments[1:], (*words, segments[0]))
    return found


def decode_segment(segment: str) -> str:
    """A path segment without percent-encoding.

    Raises:
        InvalidInput: it is not UTF-8.
    """
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise InvalidInput(errors=(Fault(pointer="", detail="is not percent-encoded UTF-8", place="path"),)) from None


def decode_query(query: str, fields_max: int | None = None) -> tuple[tuple[str, str], ...]:
    """The pairs of a query string; with `fields_max`, for strangers, no more than that.

    Raises:
        InvalidInput: it is not UTF-8, or has too many fields.
    """
    try:
        return tuple(parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=fields_max))
    except UnicodeDecodeError:
        detail = "is not percent-encoded UTF-8"
    except ValueError:
        detail = f"has more than {fields_max} fields"
    raise InvalidInput(errors=(Fault(pointer="", detail=detail, place="query"),)) from None
