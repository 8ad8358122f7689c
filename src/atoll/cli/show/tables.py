"""An application as tables."""

from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from atoll.cli.show.summary import OperationSummary, Summary, promises
from atoll.cli.terminal import table


def services_table(summary: Summary) -> Table:
    """A row a service: who answers for it, what it offers, whom it needs, and whose events it reacts to."""
    follows = ("reacts to",) if summary.subscriptions else ()
    made = table("service", "version", "owner", "operations", "events", "depends on", *follows, "what it is for")
    for service in summary.services:
        made.add_row(
            f"[bold]{service.name}[/]",
            service.version or "-",
            escape(service.owner),
            str(len(service.operations)),
            str(len(service.events)),
            ", ".join(service.depends_on) or "-",
            *(", ".join(service.reacts_to) or "-" for _ in follows),
            escape(service.description),
        )
    return made


def calls_table(summary: Summary) -> Table:
    """A row a declared call."""
    made = table("caller", "calls", "without it")
    for call in summary.calls:
        callee = call.callee if call.is_present else f"{call.callee} [dim](not here)[/]"
        made.add_row(call.caller, callee, f"{call.fallback} answers" if call.fallback else "unavailable")
    return made


def degradation_table(summary: Summary) -> Table:
    """A row a declared call: what its caller answers when the other one cannot."""
    made = table("service", "without", "answers", "within")
    for each in promises(summary):
        without = each.without if each.is_present else f"{each.without} [dim](not here)[/]"
        answers = f"degraded, from {each.fallback}" if each.fallback else "unavailable"
        within = f"{each.within_s:g} s" if each.within_s else "the caller's deadline"
        made.add_row(each.service, without, answers, within)
    return made


def subscriptions_table(summary: Summary) -> Table:
    """A row a subscription: who reacts to what of whom."""
    made = table("subscriber", "reacts to", "of")
    for (publisher, subscriber), several in summary.followed.items():
        made.add_row(subscriber, ", ".join(each.event_name for each in several), publisher)
    return made


def contract_tables(summary: Summary) -> Iterator[Table]:
    """A table a contract, with a row an operation."""
    for service in summary.services:
        if service.version is None:
            continue
        made = table(
            "operation",
            "method",
            "path",
            "public",
            "answers",
            "problems",
            "what it does",
            title=f"{service.name} {service.version}",
        )
        for operation in service.operations:
            made.add_row(
                f"[bold]{service.name}.{operation.name}[/]",
                operation.method,
                escape(operation.path),
                "yes" if operation.public else "no",
                operation.answers,
                ", ".join(operation.problems) or "-",
                escape(_said(operation)),
            )
        yield made


def _said(operation: OperationSummary) -> str:
    """What it does, and when it will be gone."""
    if operation.deprecated is None:
        return operation.description
    deprecated = operation.deprecated
    until = f", at least until {deprecated.sunset}" if deprecated.sunset else ""
    instead = f"; call {deprecated.instead} instead" if deprecated.instead else ""
    return f"{operation.description} (deprecated since {deprecated.since}{until}{instead})".strip()


def tree(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> Tree:
    """Who calls whom as a tree, for terminals too narrow for the drawing; what was shown above is not repeated."""
    callees = {name: [callee for caller, callee in pairs if caller == name] for name in names}
    called = {callee for each in callees.values() for callee in each}
    shown: set[str] = set()
    root = Tree("", hide_root=True)

    def grow(branch: Tree, name: str) -> None:
        repeated = name in shown and callees[name]
        shown.add(name)
        grown = branch.add(f"{name} [dim](see above)[/]" if repeated else name)
        for callee in () if repeated else callees[name]:
            grow(grown, callee)

    for name in names:
        if name not in called and callees[name]:
            grow(root, name)
    return root
