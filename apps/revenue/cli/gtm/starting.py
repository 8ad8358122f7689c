"""The folder `gtm/` to begin with: every part as the services come with it, and schemas for editors."""

import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from revenue.enrichment.contract import ProviderRule
from revenue.playbook.contract import TeamRules

from .checking import Kind, fields_of
from .documents import Plain
from .folder import FOLDER, SCHEMAS

SAMPLE = Path(__file__).with_name("sample")
PROVIDER = "provider"
"""The schema of a provider that has a file of its own."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:  # Any: JSON
    """The JSON Schema of each part and of a provider, by its name; names that it does not know are refused."""
    found = {name: _schema(f"{name}.yaml", kind) for name, kind in fields_of(TeamRules).items()}
    return {**found, PROVIDER: _schema("enrichment/providers/NAME.yaml", ProviderRule)}


def _schema(file: str, kind: Kind) -> dict[str, Any]:  # Any: as above
    schema = msgspec.json.schema(kind)
    for each in schema.get("$defs", {}).values():
        if "properties" in each:
            each["additionalProperties"] = False
    return {"$schema": DIALECT, "title": f"{FOLDER}/{file}", **schema}


def write_schemas(folder: Path) -> list[Path]:
    """Write them into the folder, for editors; those of an older version go."""
    target = folder / SCHEMAS
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, schema in schemas().items():
        path = target / f"{name}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n")
        written.append(path)
    return written


def start_folder(folder: Path, *, sample: bool = False) -> list[Path]:
    """Write every part that is not there yet, and the schemas; which files were written.

    Parts are as they hold by default; with `sample`, an invented team has its people, territories and vendors in them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = write_schemas(folder)
    if sample:
        written += _copied(folder)
    defaults = TeamRules()
    for name in fields_of(TeamRules):
        path = folder / f"{name}.yaml"
        if not path.exists() and not (folder / name).is_dir():
            path.write_text(yaml_of(name, getattr(defaults, name)), encoding="utf-8")
            written.append(path)
    return written


def _copied(folder: Path) -> list[Path]:
    """The files of the invented team, of those parts of which nothing is there."""
    written: list[Path] = []
    for name in fields_of(TeamRules):
        if (folder / f"{name}.yaml").exists() or (folder / name).exists():
            continue
        for source in sorted((*SAMPLE.glob(f"{name}.yaml"), *SAMPLE.glob(f"{name}/*"))):
            path = folder / source.relative_to(SAMPLE)
            path.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, path)
            written.append(path)
    return written


def yaml_of(name: str, rules: msgspec.Struct) -> str:
    """A part as a file of YAML, with the line that tells editors its schema."""
    return schema_line(name) + as_yaml(msgspec.to_builtins(rules))


def schema_line(name: str, above: str = "") -> str:
    """The line that tells editors the schema of a file; `above` leads from its folder to that of the rules."""
    return f"# yaml-language-server: $schema={above}{SCHEMAS}/{name}.json\n"


def as_yaml(value: Plain) -> str:
    """A plain value as YAML; its texts of several lines stay readable."""
    buffer = StringIO()
    yaml: Any = YAML()  # Any: its methods have no types
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 120
    yaml.dump(value, buffer)
    return buffer.getvalue()
