"""A pasted curl command becomes the definition of a provider: what is a secret, and what is said of the lead, is found.

    draft = provider_from_curl("acme", "curl 'https://api.acme.example/v1?email=ada@example.com' -H 'X-Api-Key: s3'")

Pure: nothing is sent, and no secret is in the definition that comes out.
"""

import base64
import binascii
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from .contract import ProviderRule
from .jsons import each_text, leaves
from .proposing import Proposal, proposals
from .rules import INPUTS, PLACEHOLDER, SECRET_HEADERS

FLAGS = frozenset(
    "--compressed --fail --fail-with-body --globoff --http1.1 --http2 --include --location --no-buffer"
    " --no-progress-meter --show-error --silent --tcp-nodelay --verbose -N -S -f -g -i -s -v".split()
)
WITH_VALUE = frozenset(
    "--connect-timeout --max-time --output --referer --retry --user-agent --write-out -A -e -m -o -w".split()
)
LONG = {
    "-X": "--request", "-H": "--header", "-d": "--data", "-u": "--user", "-G": "--get", "-b": "--cookie",
    "-m": "--max-time", "-L": "--location", "-k": "--insecure", "--data-raw": "--data",
    "--data-binary": "--data", "--data-ascii": "--data",
}  # fmt: skip
DROPPED_HEADERS = frozenset("accept-encoding connection content-length host user-agent referer".split())
KEYS = {
    "email": "email", "emailaddress": "email", "mail": "email", "workemail": "email", "domain": "domain",
    "companydomain": "domain", "website": "domain", "companywebsite": "domain", "company": "company",
    "companyname": "company", "organization": "company", "organizationname": "company", "firstname": "first_name",
    "givenname": "first_name", "fname": "first_name", "lastname": "last_name", "familyname": "last_name",
    "surname": "last_name", "lname": "last_name", "phone": "phone", "phonenumber": "phone", "mobile": "phone",
    "number": "phone", "msisdn": "phone",
}  # fmt: skip
"""Whom or what a parameter is about, by its name without case, blanks and marks; others are left as they are."""
EMAIL = re.compile(r"[^@\s/]+@[^@\s/]+\.[A-Za-z]{2,}")
PHONE = re.compile(r"\+[1-9][\d ()-]{6,18}\d")
DOMAIN = re.compile(r"(https?://)?([a-z0-9-]+\.)+[a-z]{2,}/?", re.IGNORECASE)
VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
QUOTED = re.compile(r"""\\.|"(?:\\.|[^"\\])*"|\$'((?:\\.|[^'\\])*)'|'[^']*'""", re.DOTALL)
"""What a shell takes together. The group is the inside of `$'...'`, in which bash knows escapes (ANSI-C quoting)."""
ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|.)", re.DOTALL)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"', "\\": "\\", "?": "?"}
OTHERS_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]+)\s*\}\}|<([A-Za-z_]+)>|\{([A-Za-z_]+)\}")
TOKEN = re.compile(r"(?=[^ ]*\d)(?=[^ ]*[A-Za-z])[A-Za-z0-9_\-.=+/]{20,}")
"""Long, with letters and digits: nobody says such a thing of a lead."""

ITEMS_MAX = 20
"""Of a list in a body so many are looked at."""
SHOWN_CHARS = 40


class CurlRefused(ValueError):
    """A command that is no request to a provider; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a command says: a definition, the secrets that were taken out of it by name, and what is to be looked at.

    `proposals` say which field was found at which path of the sample answer, with the value that is there.
    """

    provider: ProviderRule
    secrets: dict[str, str]
    proposals: tuple[Proposal, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Command:
    url: str = ""
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    data: list[str] = field(default_factory=list[str])
    is_get: bool = False
    is_json: bool = False
    timeout_s: float = 2.0
    notes: list[str] = field(default_factory=list[str])


def provider_from_curl(
    name: str,
    command: str,
    *,
    sample: str | bytes | None = None,
    fields: Mapping[str, str] | None = None,
    price_micros: int = 0,
    rate_per_s: float = 5.0,
) -> Draft:
    """The definition of a provider from a curl command, with fields found in a `sample` of its answer (JSON).

    `fields` are known already, by their paths in the answer: they go before what is found. Without any of both the
    definition has one field to be mended, `industry: path.to.industry`, and a note says so.

    Raises:
        CurlRefused: it is no curl command, or one that does what no definition can.
        ValueError: the definition would be none; see `ProviderRule`.
    """
    said = _parsed(command)
    taking = _Taking(name)
    url, query = _url(said, taking)
    headers = {key: taking.header(key, value) for key, value in said.headers.items()}
    body = _body(said, taking)
    if body and "content-type" in {key.lower() for key in headers}:
        headers = {key: value for key, value in headers.items() if key.lower() != "content-type"}
    found = () if sample is None else proposals(_json(sample, "the sample"))
    known = {str(each.field): each.path for each in found} | dict(fields or {})
    notes = list(said.notes)
    if not known:
        notes.append("no field was found: say where each is, under `fields`")
    if not price_micros:
        notes.append("set `price_micros`: what one call costs, in millionths (8000 is 0.008)")
    if constants := ", ".join(_constants(query, body)):
        notes.append(f"see whether this is meant for every lead, since it is sent as it stands: {constants}")
    if not taking.words:
        raise CurlRefused("nothing in the command is about a lead: paste one with an e-mail address, domain or number")
    provider = ProviderRule(
        name=name,
        url=url,
        method=said.method or ("POST" if body else "GET"),
        headers=headers,
        query=query,
        body=body,
        fields=known or {"industry": "path.to.industry"},
        price_micros=price_micros,
        rate_per_s=rate_per_s,
        timeout_s=said.timeout_s,
    )
    return Draft(provider, taking.secrets, found, tuple(notes))


def _parsed(command: str) -> _Command:
    """The parts of a command, as a shell would part them."""
    if '^"' in command:
        raise CurlRefused("it is written for the command prompt of Windows: copy it as cURL (bash)")
    text = re.sub(r"[\\^`]\r?\n", " ", command.strip()).removeprefix("$ ")
    try:
        words = shlex.split(QUOTED.sub(_plainly, text))
    except ValueError as error:
        raise CurlRefused(f"this is no whole command ({error}): copy it once more") from None
    if not words or words[0].rpartition("/")[2].removesuffix(".exe") != "curl":
        raise CurlRefused("this is no curl command: it begins with `curl`")
    said = _Command()
    options = iter(words[1:])
    for word in options:
        if not word.startswith("-") or word == "-":
            if said.url:
                raise CurlRefused(f"there are two addresses in it, {said.url} and {word}: one request is one provider")
            said.url = word
            continue
        for option, value in _apart(word, options):
            _take(said, option, value)
    if not said.url:
        raise CurlRefused("there is no address in it: https://...")
    return said


def _plainly(quoted: re.Match[str]) -> str:
    """Bash's `$'...'` as other shells write it; what is quoted otherwise stays as it is."""
    if quoted[1] is None:
        return quoted[0]
    said = ESCAPE.sub(lambda found: _character(found[1]), quoted[1])
    return shlex.quote(said.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))  # halves belong together


def _character(escape: str) -> str:
    if escape[0] in "xuU" and len(escape) > 1:
        number = int(escape[1:], 16)
        return chr(number) if number <= sys.maxunicode else ""
    return ESCAPES.get(escape, "\\" + escape)


def _apart(word: str, rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    """An option and its value: `-XPOST`, `-X POST`, `--request=POST`, and several flags in one, `-sSL`."""
    if word.startswith("--"):
        name, _, value = word.partition("=")
        name = LONG.get(name, name)
        yield name, value if value or name in (*FLAGS, "--get", "--insecure") else next(rest, "")
        return
    while word not in ("", "-"):
        short, word = word[:2], "-" + word[2:]
        if LONG.get(short, short) in (*FLAGS, "--get", "--insecure"):
            yield LONG.get(short, short), ""
            continue
        yield LONG.get(short, short), word[1:] or next(rest, "")
        return


def _take(said: _Command, option: str, value: str) -> None:
    match option:
        case "--url":
            said.url = value
        case "--request":
            said.method = value.upper()
        case "--header":
            name, _, content = value.partition(":")
            if name.strip().lower() not in DROPPED_HEADERS:
                said.headers[name.strip()] = content.strip()
        case "--user":
            said.headers["Authorization"] = f"Basic {base64.b64encode(value.encode()).decode()}"
        case "--data" | "--data-urlencode" | "--json":
            if value.startswith("@"):
                raise CurlRefused(f"its body is in a file ({value}): paste it with the body itself")
            said.data.append(value)
            said.is_json = said.is_json or option == "--json"
        case "--get":
            said.is_get = True
        case "--max-time":
            said.timeout_s = _seconds(value)
        case _:
            _look_at(said, option)


def _look_at(said: _Command, option: str) -> None:
    """What changes nothing of a request, or cannot be done."""
    if option == "--insecure":
        raise CurlRefused("it lets any certificate pass (-k): a provider proves who it is")
    if option == "--location":
        said.notes.append("redirects are not followed: give the address that answers")
    elif option not in FLAGS and option not in WITH_VALUE:
        raise CurlRefused(f"a definition has nothing for `{option}`: leave it out, if the request works without it")


def _seconds(text: str) -> float:
    try:
        return min(20.0, max(0.1, float(text)))
    except ValueError:
        raise CurlRefused(f"`{text}` is no number of seconds") from None


def _url(said: _Command, taking: "_Taking") -> tuple[str, dict[str, str]]:
    """The address without its query, and the query, each with placeholders."""
    text = said.url if "://" in said.url else f"https://{said.url}"
    parts = urlsplit(text)
    host = parts.hostname or ""
    if parts.username:
        given = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        said.headers.setdefault("Authorization", f"Basic {base64.b64encode(given.encode()).decode()}")
    port = f":{parts.port}" if parts.port else ""
    segments = [taking.segment(unquote(segment)) for segment in parts.path.split("/")]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if said.is_get:
        pairs += [pair for data in said.data for pair in parse_qsl(data, keep_blank_values=True)]
        said.data = []
    return f"{parts.scheme}://{host}{port}{'/'.join(segments)}", {key: taking.value(key, value) for key, value in pairs}


def _body(said: _Command, taking: "_Taking") -> str:
    if not said.data:
        return ""
    text = "&".join(said.data)
    try:
        content = msgspec.json.decode(text)
    except msgspec.DecodeError:
        if said.is_json or text.lstrip().startswith(("{", "[")):
            raise CurlRefused("its body is no whole JSON: copy it once more") from None
        raise CurlRefused(
            "its body is a form: see whether the provider takes JSON, or the same fields in the address (`curl -G`)"
        ) from None
    return msgspec.json.encode(each_text(content, "", taking.value)).decode()


def _constants(query: Mapping[str, str], body: str) -> Iterator[str]:
    """Texts and numbers of a request that are the same for every lead, with their names: one may be of the example."""
    said = leaves(msgspec.json.decode(body), items_max=ITEMS_MAX) if body else iter(())
    for name, text in (*query.items(), *said):
        if text and not PLACEHOLDER.search(text):
            yield f"`{name}` is `{text if len(text) <= SHOWN_CHARS else f'{text[:SHOWN_CHARS]}…'}`"


def _json(sample: str | bytes, what: str) -> Any:  # Any: JSON
    try:
        return msgspec.json.decode(sample)
    except (msgspec.DecodeError, RecursionError):
        raise CurlRefused(f"{what} is no JSON: paste the body of an answer, without its headers") from None


class _Taking:
    """Takes out of a command what is a secret, and what is about a lead; remembers both."""

    def __init__(self, name: str) -> None:
        self._name = re.sub(r"\W", "_", name).upper()
        self.secrets: dict[str, str] = {}
        self.words: set[str] = set()

    def header(self, name: str, value: str) -> str:
        """A header: its secret by name, whatever stands before it."""
        scheme, _, rest = value.partition(" ")
        if scheme.lower() == "basic" and rest:
            if (decoded := _unbased(rest)) is not None:
                name = self._named(decoded, "ACCOUNT")
                if "$" in decoded:  # variables of a shell, whose values are not here
                    self.secrets[name] = ""
                return f"Basic {{basic:{name}}}"
            return f"Basic {self._secret(rest)}"
        if SECRET_HEADERS.search(name) or TOKEN.fullmatch(value):
            is_schemed = bool(rest) and re.fullmatch(r"[A-Za-z][A-Za-z-]*", scheme) is not None
            return f"{scheme} {self._secret(rest)}" if is_schemed else self._secret(value)
        return self._plain(value) or value

    def segment(self, text: str) -> str:
        """A part of the path."""
        found = self._plain(text) or self._lead_word("", text)
        if found is None and TOKEN.fullmatch(text):
            found = self._secret(text)
        return quote(text, safe="@:+,;=$-._~!*'()") if found is None else found

    def value(self, key: str, text: str) -> str:
        """A parameter of the address, or a text in the body."""
        is_secret = SECRET_HEADERS.search(key) or re.fullmatch(r"key|auth|access_?key", key, re.IGNORECASE)
        if is_secret or TOKEN.fullmatch(text):
            return self._secret(text)
        return self._plain(text) or self._lead_word(key, text) or text

    def _lead_word(self, key: str, text: str) -> str | None:
        """What this is of a lead: as it looks, or as it is called."""
        if EMAIL.fullmatch(text):
            return self._word("email")
        if PHONE.fullmatch(text):
            return self._word("phone")
        called = KEYS.get(re.sub(r"[^a-z]", "", key.casefold()))
        if called is None and DOMAIN.fullmatch(text) and (key or not re.search(r"\.(json|xml|php|html)$", text)):
            called = "domain"
        if re.sub(r"[^a-z]", "", key.casefold()) in ("fullname", "personname"):
            self.words |= {"first_name", "last_name"}
            return "{first_name} {last_name}"
        is_said = bool(text) and (called != "phone" or len(re.findall(r"\d", text)) > 4)
        return self._word(called) if called and is_said else None

    def _plain(self, text: str) -> str | None:
        """Placeholders and variables that stand there already, as a definition writes them."""
        if VARIABLE.fullmatch(text):
            return self._secret(text)
        if found := OTHERS_PLACEHOLDER.fullmatch(text):
            word = (found[1] or found[2] or found[3]).lower()
            word = word if word in INPUTS else KEYS.get(re.sub(r"[^a-z]", "", word), "")
            return self._word(word) if word else None
        if PLACEHOLDER.search(text):
            raise CurlRefused(f"`{text}` holds braces that would be read as a placeholder")
        return None

    def _word(self, word: str) -> str:
        self.words.add(word)
        return f"{{{word}}}"

    def _secret(self, value: str) -> str:
        if found := VARIABLE.fullmatch(value):
            self.secrets.setdefault(found[1], "")
            return f"{{secret:{found[1]}}}"
        return f"{{secret:{self._named(value, 'KEY')}}}"

    def _named(self, value: str, kind: str) -> str:
        known = next((name for name, each in self.secrets.items() if each == value), None)
        if known is not None:
            return known
        name, number = f"{self._name}_{kind}", 2
        while name in self.secrets:
            name, number = f"{self._name}_{kind}_{number}", number + 1
        self.secrets[name] = value
        return name


def _unbased(text: str) -> str | None:
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return decoded if ":" in decoded else None
