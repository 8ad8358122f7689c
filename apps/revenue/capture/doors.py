"""What a form or a webhook says, as details of a lead, by the team's rules. Pure."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from atoll import RawBody

from .cleaning import clean_details, details_of_row, rejection_of
from .columns import MappingRejected, map_columns
from .contract import Form, LeadDetails, Refusal, RejectionReason, Source
from .payload import flattened, part_at, read_inputs, read_json
from .table import Rejection

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
NOT_TICKED = frozenset({"", "0", "false", "no", "off", "null", "undefined"})
TICKED = frozenset({"1", "true", "yes", "on", "checked"})


def lead_of_form(
    form: Form, sent: RawBody, columns: Mapping[str, str], at: datetime
) -> LeadDetails | Rejection | Refusal:
    """What a visitor has filled in; why it makes no lead; or by what a program has given itself away."""
    inputs = read_inputs(sent.body, sent.media_type)
    if isinstance(inputs, Rejection):
        return inputs
    if inputs.pop(form.honeypot, "").strip():
        return Refusal.HONEYPOT
    if _is_too_quick(form, inputs.pop(form.seconds, None)):
        return Refusal.TOO_QUICK
    consent = _consent(form, inputs)
    asked = {name: target for name, target in form.fields.items() if name in inputs}
    details = _mapped(inputs, asked, columns)
    if isinstance(details, Rejection):
        return details
    details = _visited(details, sent.headers.get("referer"))
    more: dict[str, Any] = {"consent": consent} if consent is not None else {}  # Any: a lead's fields
    if (consent or details.consent) and details.consent_at is None:
        more["consent_at"] = at
    if details.lead_source is None:
        more["lead_source"] = form.lead_source
    details = clean_details(msgspec.structs.replace(details, **more))
    return rejection_of(details) or details


def lead_of_webhook(source: Source, body: bytes, columns: Mapping[str, str]) -> LeadDetails | Rejection | None:
    """What a payload says of a lead; why it makes none; None where it is not for us."""
    payload = read_json(body)
    if isinstance(payload, Rejection):
        return payload
    if any(part_at(payload, path) != wanted for path, wanted in source.only.items()):
        return None
    if source.fields:
        parts = {f"part {target}": part_at(payload, path) or "" for target, path in source.fields.items()}
        asked = {f"part {target}": target for target in source.fields}
        own = {name: part_at(payload, path) or "" for name, path in source.attributes.items()}
        details = _mapped(parts | own, asked | dict.fromkeys(own, "attribute"), {})
    else:
        inputs = flattened(payload) if isinstance(payload, dict) else {}
        own = {name: part_at(payload, path) or "" for name, path in source.attributes.items()}
        details = _mapped(_by_last_name(inputs) | own, dict.fromkeys(own, "attribute"), columns)
    if isinstance(details, Rejection):
        return details
    more: dict[str, Any] = {}  # Any: a lead's fields
    if details.external_id is not None and details.external_source is None:
        more["external_source"] = source.name
    if details.lead_source is None:
        more["lead_source"] = source.lead_source
    details = clean_details(msgspec.structs.replace(details, **more))
    return rejection_of(details) or details


def _by_last_name(parts: Mapping[str, str]) -> dict[str, str]:
    """Parts by the last word of their path where that is theirs alone: `lead.email` is the e-mail address."""
    last = [path.rpartition(".")[2] for path in parts]
    return {
        (name if last.count(name) == 1 else path): text for (path, text), name in zip(parts.items(), last, strict=True)
    }


def _mapped(inputs: Mapping[str, str], asked: Mapping[str, str], columns: Mapping[str, str]) -> LeadDetails | Rejection:
    names, texts = list(inputs), list(inputs.values())
    try:
        mapped = map_columns(names, [texts], asked, columns)
    except MappingRejected as rejected:
        return Rejection(RejectionReason.NOBODY_NAMED, f"Nobody is named: {rejected.explanation}")
    return details_of_row(mapped, texts)


def _is_too_quick(form: Form, said: str | None) -> bool:
    try:
        seconds = float(said or "")
    except ValueError:
        return form.needs_seconds
    return math.isnan(seconds) or seconds < form.seconds_min


def _consent(form: Form, inputs: dict[str, str]) -> str | None:
    """The text that was agreed to, where the box was ticked. What is no tick, but a text, is kept word for word."""
    said = inputs.get(form.consent)
    if said is None:
        return None
    word = said.strip().casefold()
    if word in NOT_TICKED or word in TICKED:
        del inputs[form.consent]
    if word in TICKED:
        return form.consent_text or f"{form.consent}: {said.strip()}"
    return None


def _visited(details: LeadDetails, page: str | None) -> LeadDetails:
    """The same with the page on which the form stood, and what its address says of the campaign."""
    more: dict[str, str] = {}
    landing = details.landing_page or page
    if landing is not None:
        more["landing_page"] = landing
        try:
            query = dict(parse_qsl(urlsplit(landing).query, max_num_fields=100))
        except ValueError:
            query = {}
        more |= {name: query[name] for name in UTM if query.get(name) and getattr(details, name) is None}
    return msgspec.structs.replace(details, **more)
