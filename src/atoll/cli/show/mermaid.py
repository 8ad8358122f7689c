"""Who calls whom as a Mermaid flowchart, for documents that render it."""

from atoll.cli.show.summary import Summary


def mermaid(summary: Summary) -> str:
    """The flowchart; a dotted line is a call with a fallback, a rounded box is reachable from outside."""
    lines = ["flowchart LR"]
    for service in summary.services:
        if not service.is_edge:
            opening, closing = ("([", "])") if service.is_public else ("[", "]")
            lines.append(f'    s_{service.name}{opening}"{service.name}"{closing}')
    for call in summary.calls:
        lines.append(f"    s_{call.caller} {'-.->' if call.fallback else '-->'} s_{call.callee}")
    return "\n".join(lines)
