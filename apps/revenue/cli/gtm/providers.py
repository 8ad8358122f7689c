"""A provider in the folder: its definition has a file of its own, `enrichment/providers/NAME.yaml`."""

from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml.scalarstring import LiteralScalarString

from atoll import Mistake, Mistakes, Source
from revenue.enrichment.contract import EnrichmentRules, ProviderRule

from .folder import SCHEMAS, read_folder
from .starting import PROVIDER, as_yaml, schema_line, write_schemas

PLACE = Path("enrichment", "providers")


def add_provider(folder: Path, provider: ProviderRule, *, replaces: bool) -> Path:
    """Write a definition into the folder, whose rules are right with it; where it stands then.

    Raises:
        Mistakes: the folder is wrong already, or has a provider of this name which is not to be replaced.
    """
    path = folder / PLACE / f"{provider.name}.yaml"
    rules = read_folder(folder).enrichment
    others = tuple(each for each in rules.providers if each.name != provider.name)
    is_there = path.exists()
    if len(others) < len(rules.providers) and not (is_there and replaces):
        where = path if is_there else folder / "enrichment.yaml"
        fix = "replace it with --force, or choose another name" if is_there else "take it out, or choose another name"
        raise Mistakes([Mistake(Source(str(where)), f"there is a provider `{provider.name}` already", fix)])
    msgspec.convert({**msgspec.to_builtins(rules), "providers": [*others, provider]}, EnrichmentRules)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(schema_line(PROVIDER, "../../") + provider_yaml(provider), encoding="utf-8")
    part.replace(path)
    if not (folder / SCHEMAS / f"{PROVIDER}.json").exists():
        write_schemas(folder)
    return path


def provider_yaml(provider: ProviderRule) -> str:
    """A definition as people read it: without what is empty, and with its body in lines."""
    said: dict[str, Any] = msgspec.to_builtins(provider)  # Any: plain values
    said = {name: value for name, value in said.items() if value not in ("", {})}
    if provider.body.isprintable() and provider.body:  # what YAML takes for the end of a line stays escaped
        said["body"] = LiteralScalarString(msgspec.json.format(provider.body, indent=2) + "\n")
    return as_yaml(said)
