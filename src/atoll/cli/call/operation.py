"""The command of one operation: from its options to a request, and from the answer to what is printed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import click
import httpx
import msgspec

from atoll.cli.call.answers import note, print_item, print_result, problem_in, problem_of
from atoll.cli.call.exchange import Arguments, Gateway, Target, lines_of
from atoll.cli.call.options import Field, fields_of, free_name, missing, parsed_body
from atoll.cli.document import Document, RemoteOperation
from atoll.cli.refusals import SaidNo, speak_json
from atoll.cli.terminal import is_terminal

Values = Mapping[str, Any]  # Any: what click's types gave

BODY, ALL, JSON, DEADLINE = "own_body", "own_all", "own_json", "own_deadline"
NO_SEGMENTS = ("", ".", "..")
"""What cannot stand between two slashes: it leads to another path (RFC 3986, 5.2.4), and so to another operation."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to call and to print; `as_json` is what was asked for, `deadline_s` how long to wait."""

    as_json: bool
    deadline_s: float | None


def operation_command(operation: RemoteOperation, document: Document, target: Target, outer: Manner) -> click.Command:
    """A command with the operation's options, and those of the program whose names it leaves free."""
    fields = fields_of(operation, document)

    def run(**values: Any) -> None:  # Any: as above
        as_json = outer.as_json or bool(values.get(JSON))
        if as_json:
            speak_json(click.get_current_context())
        manner = Manner(as_json or not is_terminal(), values.get(DEADLINE) or outer.deadline_s)
        arguments = _arguments(operation, fields, values)
        if operation.deprecation is not None:
            note(f"{operation.id} is deprecated{_deprecation(operation.deprecation)}.")
        with Gateway(target, manner.deadline_s) as gateway:
            if operation.streamed:
                _print_stream(gateway, operation, arguments, manner)
            elif values.get(ALL):
                _print_all_pages(gateway, operation, arguments, manner)
            else:
                _print_answer(gateway, operation, arguments, manner)

    params: list[click.Parameter] = [field.option for field in fields]
    params += _own_options(operation, fields)
    return click.Command(operation.id, params=params, callback=run, help=_help(operation), short_help=operation.summary)


def _own_options(operation: RemoteOperation, fields: list[Field]) -> list[click.Option]:
    """The program's own options; an operation's argument of the same name goes before."""
    body = _whole_body_name(fields)
    wanted: list[click.Option] = []
    if operation.body is not None:
        said = "The whole body; options for its fields go before."
        wanted.append(click.Option([body, BODY], type=parsed_body, metavar="JSON|@FILE|-", help=said))
    if operation.paged and any(field.name == "cursor" for field in fields):
        wanted.append(click.Option(["--all", ALL], is_flag=True, help="Go on to the last page; print an item a line."))
    wanted.append(click.Option(["--json", JSON], is_flag=True, help="Print raw JSON (the default when piped)."))
    seconds = click.FloatRange(min=0, min_open=True)
    said = "Wait no longer for the answer."
    wanted.append(click.Option(["--deadline", DEADLINE], type=seconds, metavar="SECONDS", help=said))
    return [option for option in wanted if free_name(option.opts[0], fields)]


def _whole_body_name(fields: list[Field]) -> str:
    return free_name("--body", fields) or "--whole-body"


def _help(operation: RemoteOperation) -> str:
    gone = f"\n\nDeprecated{_deprecation(operation.deprecation)}." if operation.deprecation is not None else ""
    answer = "\n\nAnswers with a stream, an item a line." if operation.streamed else ""
    return f"{operation.summary}\n\n{operation.description}{gone}{answer}\n\n{operation.method} {operation.path}"


def _deprecation(deprecation: Mapping[str, Any]) -> str:  # Any: JSON
    since, sunset, instead = (deprecation.get(name) for name in ("since", "sunset", "instead"))
    return (
        (f" since {since}" if since else "")
        + (f", stays at least until {sunset}" if sunset else "")
        + (f"; call {instead} instead" if instead else "")
    )


def _arguments(operation: RemoteOperation, fields: list[Field], values: Values) -> Arguments:
    """What the options say, as it travels."""
    whole = values.get(BODY)
    lacking = [field.option.opts[0] for field in missing(fields, values, whole_body=whole is not None)]
    if lacking:
        of_body = any(field.place == "body" and field.option.opts[0] in lacking for field in fields)
        instead = f" (or the whole body with {_whole_body_name(fields)})" if of_body else ""
        raise click.UsageError(f"Missing {', '.join(lacking)}{instead}.")
    given = {field: values[field.key] for field in fields if values[field.key] not in (None, ())}
    parts = {field.name: value for field, value in given.items() if field.place == "body"}
    if parts and whole is not None and not isinstance(whole, dict):
        raise click.UsageError("The whole body is not a record, so its fields cannot be given beside it.")
    for field, value in given.items():
        if field.place == "path" and _word(value) in NO_SEGMENTS:
            raise click.UsageError(f"{field.option.opts[0]} stands in the path, and `{_word(value)}` cannot.")
    has_body = whole is not None or bool(parts)
    if operation.body_required and not has_body and not any(field.place == "body" for field in fields):
        raise click.UsageError("Missing --body.")
    return Arguments(
        path={field.name: _word(value) for field, value in given.items() if field.place == "path"},
        query=tuple(
            (field.name, _word(each))
            for field, value in given.items()
            if field.place == "query"
            for each in (value if field.option.multiple else (value,))
        ),
        body={**whole, **parts} if isinstance(whole, dict) else parts if whole is None else whole,
        has_body=has_body or operation.body_required,
    )


def _word(value: Any) -> str:  # Any: a plain value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _checked(response: httpx.Response) -> httpx.Response:
    """An answer that is a result.

    Raises:
        ProblemAnswer: it is a problem.
    """
    if not response.is_success:
        raise problem_of(response.status_code, response.read())
    return response


def _print_answer(gateway: Gateway, operation: RemoteOperation, arguments: Arguments, manner: Manner) -> None:
    with gateway.send(operation, arguments) as response:
        raw = _checked(response).read()
    if not raw:
        if not manner.as_json:
            note("Done.")
        return
    print_result(raw, as_json=manner.as_json)
    if operation.paged and not manner.as_json and (cursor := _page(raw).next):
        note(f"There is more: add `--cursor {cursor}` for the next page, or `--all` for all of them.")


def _print_stream(gateway: Gateway, operation: RemoteOperation, arguments: Arguments, manner: Manner) -> None:
    with gateway.send(operation, arguments) as response:
        for line in lines_of(_checked(response)):
            if (problem := problem_in(line)) is not None:
                raise problem
            print_item(line, as_json=manner.as_json)


def _print_all_pages(gateway: Gateway, operation: RemoteOperation, arguments: Arguments, manner: Manner) -> None:
    seen: set[str] = set()
    while True:
        with gateway.send(operation, arguments) as response:
            page = _page(_checked(response).read())
        for item in page.items:
            print_item(bytes(item), as_json=manner.as_json)
        if page.next is None:
            return
        if page.next in seen:
            raise SaidNo(
                f"{operation.id} answers with the cursor {page.next} again, so its pages have no end.", code="endless"
            )
        seen.add(page.next)
        rest = tuple(pair for pair in arguments.query if pair[0] != "cursor")
        arguments = replace(arguments, query=(*rest, ("cursor", page.next)))


class _Page(msgspec.Struct):
    """A page as it travels; its items stay as they came."""

    items: list[msgspec.Raw]
    next: str | None = None


def _page(raw: bytes) -> _Page:
    return msgspec.json.decode(raw, type=_Page)
