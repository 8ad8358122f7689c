"""Who calls whom as a Mermaid flowchart, for documents that render it."""

from atoll.cli.show.summary import Summary


def mermaid(summary: Summary) -> str:
    """The flowchart; a dotted line is a call with a fallback, a rounded box is reachable from outside.

    A thick line leads from who publishes events to who reacts to them.
    """
    lines = ["flowchart LR"]
    for service in summary.drawn_services:
        opening, closing = ("([", "])") if service.is_public else ("[", "]")
        lines.append(f'    s_{service.name}{opening}"{service.name}"{closing}')
    lines += [
        f"    s_{call.caller} {'-.->' if call.fallback else '-->'} s_{call.callee}"
        for call in summary.calls
        if call.is_present
    ]
    lines += [
        f"    s_{publisher} == {', '.join(each.event_name for each in several)} ==> s_{subscriber}"
        for (publisher, subscriber), several in summary.followed.items()
    ]
    return "\n".join(lines)
