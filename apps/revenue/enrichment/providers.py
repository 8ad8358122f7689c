"""Whom the rules can name: the team's own definitions, those that come along, and those that are built in."""

import functools
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
import msgspec

from atoll import Database

from .asking import Provider
from .contract import EnrichmentRules, ProviderRule, ProviderStatus
from .directory import CompanyDirectory
from .http_provider import HttpProvider
from .rules import SHIPPED
from .samples import SAMPLE_VENDORS
from .settings import EnrichmentSettings


@dataclass(frozen=True, slots=True)
class Offered:
    """The providers that can be asked under some rules, by name, and what there is to say of all."""

    providers: Mapping[str, Provider]
    statuses: tuple[ProviderStatus, ...]


def offered(
    rules: EnrichmentRules, settings: EnrichmentSettings, db: Database, client: Callable[[], httpx.AsyncClient]
) -> Offered:
    """Whom these rules can name. A definition of the team's own goes before one of the same name that comes along."""
    asked: dict[str, Provider] = {}
    statuses: list[ProviderStatus] = []

    def add(provider: Provider, why_off: str = "") -> None:
        statuses.append(
            ProviderStatus(
                name=provider.name,
                is_on=not why_off,
                why=why_off,
                price_micros=provider.terms.price_micros,
                needs=provider.needs,
                fields=tuple(sorted(provider.fields)),
                is_sample=provider.terms.is_sample,
            )
        )
        if not why_off:
            asked[provider.name] = provider

    add(CompanyDirectory(db))
    definitions = {rule.name: rule for rule in (*map(shipped, SHIPPED), *rules.providers)}
    for rule in definitions.values():
        add(HttpProvider(rule, settings.secrets, client), why_off(rule, settings))
    for vendor in SAMPLE_VENDORS:
        add(vendor, "" if settings.sample_vendors else "it is made up; the setting `sample_vendors` turns it on")
    return Offered(asked, tuple(statuses))


def why_off(rule: ProviderRule, settings: EnrichmentSettings) -> str:
    """Why a definition cannot be asked; empty where it can."""
    if not rule.is_on:
        return "its definition says so"
    if missing := [name for name in rule.secrets if not settings.secrets.get(name)]:
        return f"its key {missing[0]} is not set: put it into the setting `secrets` of enrichment"
    if rule.url.startswith("http://") and not settings.allows_loopback:
        return "its address is not https, which only the setting `allows_loopback` lets be"
    return ""


@functools.cache
def shipped(name: str) -> ProviderRule:
    """A definition that comes with the service."""
    content = pkgutil.get_data("revenue.enrichment", f"vendors/{name}.json")
    assert content is not None
    return msgspec.json.decode(content, type=ProviderRule)
