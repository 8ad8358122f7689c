"""The pages, as HTML without a script. Pure; whatever comes from somebody else is escaped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5b6676; --line: #d8dee7; --ground: #f6f8fb; --sheet: #fff;
  --good: #0b7a53; --late: #9a5b00; --bad: #b3261e; --accent: #1f5fd0 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf2; --dim: #9aa7b8; --line: #2c3644; --ground: #10151c;
  --sheet: #171e27; --good: #4fd1a1; --late: #f0b45c; --bad: #ff8a80; --accent: #86aefc } }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  overflow-wrap: anywhere }
main { max-width: 44rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { font-size: 1.6rem; margin: 0 0 .25rem } h2 { font-size: 1.05rem; margin: 0 }
p { margin: .25rem 0 1rem } .dim { color: var(--dim) }
form, .step { background: var(--sheet); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem }
.fields { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)) }
label { display: grid; gap: .25rem; font-size: .9rem } label.wide { grid-column: 1 / -1 }
label.check { display: flex; gap: .5rem; align-items: start; grid-column: 1 / -1 }
input[type=text], input[type=email], input[type=tel], textarea { font: inherit; color: inherit; width: 100%;
  padding: .5rem .65rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--ground) }
button { font: inherit; font-weight: 600; margin-top: 1rem; padding: .6rem 1.2rem; border: 0; border-radius: .5rem;
  color: var(--sheet); background: var(--accent); cursor: pointer }
button:only-child { margin-top: 0 }
a { color: var(--accent) } :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
ol { list-style: none; margin: 1.5rem 0; padding: 0; display: grid; gap: .75rem }
.step { display: grid; grid-template-columns: 2rem minmax(0, 1fr); gap: .25rem .75rem } .step > * { grid-column: 2 }
.mark { grid-column: 1; grid-row: 1; font-weight: 700 } .done .mark { color: var(--good) }
.waiting .mark { color: var(--late) } .away .mark { color: var(--bad) }
ul { margin: .25rem 0 0; padding-left: 1.1rem } .error { color: var(--bad); font-weight: 600 }
"""

MARKS = {"done": ("✓", "done"), "waiting": ("…", "waiting"), "away": ("✕", "not answering")}

FIELDS = (
    ("first_name", "First name", "text", "given-name"),
    ("last_name", "Last name", "text", "family-name"),
    ("email", "E-mail", "email", "email"),
    ("phone", "Phone", "tel", "tel"),
    ("company", "Company", "text", "organization"),
    ("title", "What you do there", "text", "organization-title"),
    ("country", "Country", "text", "country-name"),
    ("website", "Website", "text", "url"),
)
CONSENT = "You may contact me about this request."


@dataclass(frozen=True, slots=True)
class Step:
    """A stage on a lead's way: how far it is (`done`, `waiting`, `away`), a line about it, and details."""

    name: str
    state: str
    line: str
    details: Sequence[str] = ()


def form_page(given: dict[str, str] | None = None, error: str = "") -> str:
    """The form; with what was given and what is wrong with it, where something is."""
    given = given or {}
    fields = "".join(_field(*field, given.get(field[0], "")) for field in FIELDS)
    agreed = " checked" if given.get("consent") else ""
    told = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    return _page(
        "Send a lead",
        f"""<h1>Send a lead of your own</h1>
<p class="dim">It goes the way of all leads: recognised, enriched, scored, and given to somebody. Watch it arrive.</p>
{told}<form method="post" action="/leads"><div class="fields">{fields}
<label class="wide">What is it about?
<textarea name="description" rows="3">{escape(given.get("description", ""))}</textarea>
</label><label class="check"><input type="checkbox" name="consent" value="{CONSENT}"{agreed}> {CONSENT}</label></div>
<button>Send</button></form>""",
    )


def story_page(who: str, steps: Iterable[Step], *, is_whole: bool, console_url: str | None) -> str:
    """How far a lead has come. It looks again each second, until the lead has an owner."""
    items = "".join(_step(step) for step in steps)
    more = ""
    if console_url:
        more = f'<p><a href="{escape(console_url)}">Everything that happened to it, on the live page</a></p>'
    return _page(
        who,
        f"""<h1>{escape(who)}</h1>
<p class="dim">{"Here is its way." if is_whole else "It is on its way."}</p>
<ol>{items}</ol>{more}<p><a href="/">Send another one</a></p>""",
        refresh=not is_whole,
    )


def accept_page(name: str, owner: str, *, is_accepted: bool) -> str:
    """What a link in a message leads to. Only its button changes something: programs follow links, too."""
    if is_accepted:
        return _page("Accepted", f"<h1>{escape(name)}</h1><p>Accepted by {escape(owner)}: the clock has stopped.</p>")
    return _page(
        "Accept a lead",
        f"""<h1>{escape(name)}</h1><p>This lead is {escape(owner)}'s.</p>
<form method="post"><button>Accept it</button></form>""",
    )


def message_page(title: str, text: str) -> str:
    """A page that only says something."""
    text = text[:1].upper() + text[1:]
    return _page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p><p><a href='/'>To the form</a></p>")


def _field(name: str, label: str, kind: str, autocomplete: str, value: str) -> str:
    return (
        f'<label>{label}<input type="{kind}" name="{name}" value="{escape(value)}" autocomplete="{autocomplete}">'
        "</label>"
    )


def _step(step: Step) -> str:
    mark, word = MARKS[step.state]
    details = "".join(f"<li>{escape(each)}</li>" for each in step.details)
    return (
        f'<li class="step {step.state}"><span class="mark" role="img" aria-label="{word}">{mark}</span>'
        f"<h2>{escape(step.name)}</h2><div>{escape(step.line)}{f'<ul>{details}</ul>' if details else ''}</div></li>"
    )


def _page(title: str, body: str, *, refresh: bool = False) -> str:
    again = '<meta http-equiv="refresh" content="1">' if refresh else ""
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{again}
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/style.css"></head>
<body><main>{body}</main></body></html>"""
