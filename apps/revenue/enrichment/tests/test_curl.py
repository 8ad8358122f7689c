"""A pasted command becomes a definition, without its secrets."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.enrichment.contract import ProviderRule, Topic
from revenue.enrichment.curl import CurlRefused, provider_from_curl

SAMPLE = json.dumps(
    {
        "id": 7,
        "person": {"name": {"fullName": "Ada"}, "email": "ada@example.com", "employment": {"title": "CTO"}},
        "phones": [{"type": "mobile", "mobile_phone": "+49 171 3920012"}],
        "company": {
            "name": "Acme",
            "domain": "acme.de",
            "category": {"sector": "Industrials", "industry": "Machinery"},
            "metrics": {"employees": 120, "employeesRange": "51-250"},
            "geo": {"city": "Hamburg", "country": "Germany", "countryCode": "DE"},
        },
    }
)


def test_a_get_with_a_key_in_its_header() -> None:
    """The address is the example's, the key a secret's name, the fields are those of the answer."""
    draft = provider_from_curl(
        "acme_data",
        "curl -sSL 'https://api.acme.example/v2/combined/find?email=ada%40example.com&strict=true' \\\n"
        "  -H 'Authorization: Bearer sk_live_abcdef0123456789' -H 'Accept: application/json' --max-time 5",
        sample=SAMPLE,
        price_micros=8_000,
    )

    provider = draft.provider
    assert (provider.method, provider.url) == ("GET", "https://api.acme.example/v2/combined/find")
    assert provider.query == {"email": "{email}", "strict": "true"}
    assert provider.headers == {"Authorization": "Bearer {secret:ACME_DATA_KEY}", "Accept": "application/json"}
    assert draft.secrets == {"ACME_DATA_KEY": "sk_live_abcdef0123456789"}
    assert (provider.needs, provider.secrets, provider.timeout_s) == (("email",), ("ACME_DATA_KEY",), 5.0)
    assert provider.fields == {
        "email": "person.email",
        "mobile": "phones[0].mobile_phone",
        "domain": "company.domain",
        "company": "company.name",
        "industry": "company.category.industry",
        "number_of_employees": "company.metrics.employees",
        "city": "company.geo.city",
        "country": "company.geo.countryCode",
        "title": "person.employment.title",
    }
    assert ("redirects" in draft.notes[0], "`strict` is `true`" in draft.notes[1], len(draft.notes)) == (True, True, 2)


def test_a_post_with_json() -> None:
    """Texts in the body are filled, whatever else it says stays; keys in it are secrets as well."""
    body = '{"api_key":"k-1","data":[{"first_name":"Ada","last_name":"Lovelace","organization_name":"Acme","limit":1}]}'
    draft = provider_from_curl(
        "vendor", f"curl https://api.example.com/match -H 'Content-Type: application/json' -d '{body}'"
    )

    assert draft.provider.method == "POST"
    assert json.loads(draft.provider.body) == {
        "api_key": "{secret:VENDOR_KEY}",
        "data": [
            {"first_name": "{first_name}", "last_name": "{last_name}", "organization_name": "{company}", "limit": 1}
        ],
    }
    assert (draft.provider.headers, draft.secrets) == ({}, {"VENDOR_KEY": "k-1"})
    assert len(draft.notes) == 3


def test_what_is_sent_for_every_lead_is_told() -> None:
    """A name of the example that stands under a word which nobody knows would be asked for with each lead."""
    body = '{"who":[{"first":"Jane","mail":"jane@acme.com"},{"zip":80331}],"api_key":"k-1","all":true}'

    draft = provider_from_curl("v", f"curl 'https://a.example/v1?mode=full&q=acme.com&empty=' -d '{body}'")

    assert draft.notes[-1] == (
        "see whether this is meant for every lead, since it is sent as it stands:"
        " `mode` is `full`, `who[0].first` is `Jane`, `who[1].zip` is `80331`"
    )


def test_a_number_is_no_industry() -> None:
    """Nor a city, nor a title: it is the provider's own key for one."""
    sample = json.dumps(
        {"industry": 5, "company": {"industry": {"industry": "Machinery"}, "size": 5}, "city": "12", "title": 3}
    )

    draft = provider_from_curl("v", "curl https://a.example/acme.com", sample=sample)

    assert {each.field: each.path for each in draft.proposals} == {
        Topic.INDUSTRY: "company.industry.industry",
        Topic.NUMBER_OF_EMPLOYEES: "company.size",
    }


def test_what_a_browser_copies_is_read_as_bash_reads_it() -> None:
    """Where a text has a quote or a mark of exclamation, browsers write it as `$'...'`."""
    draft = provider_from_curl(
        "v",
        r"""curl 'https://a.example/x' -H $'X-Api-Key: it\'s-s3cret' -H 'X-Plain: $\' \
          --data-raw $'{"email":"ada@b.de","said":"O\'Neil\u0021","lines":"a\\nb","price":"$5"}'""",
    )

    assert draft.provider.headers == {"X-Api-Key": "{secret:V_KEY}", "X-Plain": "$\\"}
    assert draft.secrets == {"V_KEY": "it's-s3cret"}
    assert json.loads(draft.provider.body) == {"email": "{email}", "said": "O'Neil!", "lines": "a\nb", "price": "$5"}


@pytest.mark.parametrize(
    ("escaped", "said"), [(r"\ud83d\ude00", "\N{GRINNING FACE}"), (r"\ud83d", "\N{REPLACEMENT CHARACTER}")]
)
def test_a_character_that_is_written_in_two_halves_is_one(escaped: str, said: str) -> None:
    """As browsers copy it; half of one is none."""
    command = 'curl https://a.example/x --data-raw $\'{"email":"ada@b.de","said":"' + escaped + "\"}'"

    assert json.loads(provider_from_curl("v", command).provider.body)["said"] == said


def test_what_ships_for_twilio_is_what_its_documents_say() -> None:
    """A number in the path, and a name and password as variables of the shell."""
    draft = provider_from_curl(
        "lookup",
        'curl -X GET "https://lookups.twilio.com/v2/PhoneNumbers/+14159929960?Fields=line_type_intelligence" '
        "-u $TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN",
        sample='{"phone_number": "+14159929960", "country_code": "US", "valid": true, '
        '"line_type_intelligence": {"type": "mobile", "carrier_name": "x"}}',
    )

    assert draft.provider.url == "https://lookups.twilio.com/v2/PhoneNumbers/{phone}"
    assert draft.provider.headers == {"Authorization": "Basic {basic:LOOKUP_ACCOUNT}"}
    assert draft.secrets == {"LOOKUP_ACCOUNT": ""}
    found = {each.field: each.path for each in draft.proposals}
    assert found[Topic.PHONE_TYPE] == "line_type_intelligence.type"
    assert (found[Topic.PHONE], found[Topic.COUNTRY]) == ("phone_number", "country_code")


@pytest.mark.parametrize(
    ("command", "url", "query"),
    [
        ("curl https://a.example/c/acme.com", "https://a.example/c/{domain}", {}),
        ("curl -G https://a.example/c -d domain=acme.com", "https://a.example/c", {"domain": "{domain}"}),
        ("curl 'https://a.example/acme.com?key=s3'", "https://a.example/{domain}", {"key": "{secret:V_KEY}"}),
        ("curl https://a.example/{{email}}", "https://a.example/{email}", {}),
        ("curl 'https://a.example/?phone=<phone>'", "https://a.example/", {"phone": "{phone}"}),
        ("curl 'https://a.example/acme.com?token=$TOKEN'", "https://a.example/{domain}", {"token": "{secret:TOKEN}"}),
        ("curl 'https://a.example/?q=ada@b.de'", "https://a.example/", {"q": "{email}"}),
        ("$ curl --url a.example/x?full_name=Ada+L", "https://a.example/x", {"full_name": "{first_name} {last_name}"}),
        ("curl $'https://a.example/acme.com?q=it\\'s\\u0021'", "https://a.example/{domain}", {"q": "it's!"}),
        ("curl https://a.example/T0AB1CDEFGH2IJKLMN3OPQ/acme.com", "https://a.example/{secret:V_KEY}/{domain}", {}),
    ],
)  # fmt: skip
def test_what_is_said_of_a_lead_is_found(command: str, url: str, query: dict[str, str]) -> None:
    """By how it looks, by what it is called, or since somebody has marked it already."""
    provider = provider_from_curl("v", command).provider

    assert (provider.url, provider.query) == (url, query)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("wget https://a.example", "begins with `curl`"),
        ("curl", "no address"),
        ("curl 'https://a.example", "no whole command"),
        ("curl $'https://a.example", "no whole command"),
        ('curl ^"https://a.example/?email=a@b.de^&k=1^" ^\n -H ^"x: y^"', r"as cURL \(bash\)"),
        ("curl https://a.example/?a=1", "nothing in the command is about a lead"),
        ("curl -k https://a.example/?email=a@b.de", "any certificate"),
        ("curl https://a.example/?email=a@b.de https://b.example", "two addresses"),
        ("curl https://a.example/?email=a@b.de -d @file.json", "in a file"),
        ("curl https://a.example/?email=a@b.de -d a=1", "is a form"),
        ("curl https://a.example/?email=a@b.de -d '{\"a\":'", "no whole JSON"),
        ("curl https://a.example/?email=a@b.de --proxy x", "nothing for `--proxy`"),
        ("curl -X DELETE https://a.example/?email=a@b.de", "GET or POST"),
        ("curl ftp://a.example/?email=a@b.de", "https://host"),
        ("curl 'https://a.example/?email=a@b.de&q={secret:X}'", "read as a placeholder"),
    ],
)
def test_what_no_definition_can_do_is_refused(command: str, why: str) -> None:
    """With a sentence that says what to do."""
    with pytest.raises(ValueError, match=why):
        provider_from_curl("v", command)


SECRETS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=8, max_size=40).filter(
    lambda text: text.strip("-") == text
)


@given(
    SECRETS,
    st.sampled_from(["-H 'X-Api-Key: {}'", "-H 'Authorization: Bearer {}'", "-u 'me:{}'", "-H 'x-auth-token: {}'"]),
)
def test_no_secret_is_in_a_definition(secret: str, written: str) -> None:
    """However it is sent; and the definition can be read again."""
    draft = provider_from_curl("vvvv", f"curl 'https://a.example/?email=ada@b.de' {written.format(secret)}")

    text = msgspec.json.encode(draft.provider)
    assert secret not in text.decode().replace("vvvv", "").replace("VVVV", "")
    assert any(secret in value for value in draft.secrets.values())
    assert msgspec.json.decode(text, type=ProviderRule) == draft.provider


@given(st.text(max_size=200))
def test_any_text_is_a_definition_or_refused(text: str) -> None:
    """Nothing that is pasted makes it fail otherwise."""
    for command in (text, f"curl {text}", f"curl https://a.example/?email=a@b.de {text}"):
        try:
            provider_from_curl("v", command)
        except ValueError:
            continue


def test_a_sample_that_is_no_json_is_refused() -> None:
    """An answer with its headers is pasted easily."""
    with pytest.raises(CurlRefused, match="without its headers"):
        provider_from_curl("v", "curl https://a.example/?email=a@b.de", sample="HTTP/1.1 200 OK")
