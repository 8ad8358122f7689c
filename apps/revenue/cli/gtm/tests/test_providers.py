"""A definition of a provider as a file."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from revenue.cli.gtm import add_provider, provider_yaml, read_folder, start_folder
from revenue.cli.gtm.checking import made
from revenue.cli.gtm.documents import read_document
from revenue.enrichment.contract import ProviderRule

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}"), max_size=60)


@given(WORDS, st.one_of(st.just("null"), st.just("0x1F"), st.just("no"), WORDS), st.text("abc: #-\n", max_size=300))
def test_whatever_a_definition_says_is_read_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, one: str, other: str, long: str
) -> None:
    """Also what YAML would take for something else, or for the end of a line."""
    body = msgspec.json.encode({"who": "{email}", "note": one, "list": [other]}).decode()
    rule = ProviderRule(
        name="acme",
        url="https://a.example/x",
        method="POST",
        query={"one": one, "other": other, "long": long},
        body=body,
        fields={"industry": "x"},
    )
    path = tmp_path_factory.mktemp("one") / "acme.yaml"

    path.write_text(provider_yaml(rule), encoding="utf-8", newline="")

    read = made(read_document(path), ProviderRule)
    assert msgspec.json.decode(read.body) == msgspec.json.decode(body)
    assert msgspec.structs.replace(read, body=body) == rule


def test_the_folder_has_it_behind_the_others(tmp_path: Path) -> None:
    """In the order of their names."""
    start_folder(tmp_path)

    for name in ("zeta", "acme"):
        rule = ProviderRule(name=name, url="https://a.example/{domain}", fields={"industry": "x"})
        add_provider(tmp_path, rule, replaces=False)

    assert [each.name for each in read_folder(tmp_path).enrichment.providers] == ["acme", "zeta"]


def test_editors_find_its_schema(tmp_path: Path) -> None:
    """Its first line leads there, from a folder that had none before, too; the schema takes what was written."""
    rule = ProviderRule(name="acme", url="https://a.example/{domain}", fields={"industry": "x"})

    path = add_provider(tmp_path, rule, replaces=False)

    first = path.read_text(encoding="utf-8").partition("\n")[0]
    schema = (path.parent / first.partition("$schema=")[2]).resolve()
    assert schema == (tmp_path / "schema" / "provider.json").resolve()
    validator = Draft202012Validator(msgspec.json.decode(schema.read_bytes()))
    assert validator.is_valid(read_document(path).value)
    assert not validator.is_valid({**msgspec.to_builtins(rule), "feilds": {}})
