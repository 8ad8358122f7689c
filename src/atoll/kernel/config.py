"""What the outside says: the environment, and a TOML file. Untyped here; `settings` gives it types.

A setting `batch_max` of the service `scoring` in the application `revenue` is, in order of precedence:

    REVENUE_SCORING_BATCH_MAX=50            environment
    [scoring]                               file
    batch_max = 50
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from atoll.kernel.errors import Mistake, Source

# Kubernetes sets these for a Service that is called like ours, in every pod: nobody mistyped them.
_SERVICE_LINK = re.compile(
    r"service_host|service_port(_[a-z0-9_]+)?|port(_[0-9]+_(tcp|udp|sctp)(_(proto|port|addr))?)?"
)


@dataclass(frozen=True, slots=True)
class Given:
    """One value from outside, as it was written: text from the environment, one of TOML's own values from the file.

    `label` is what people call its place; `where` is that place in the file, None for the environment.
    """

    raw: Any  # Any: text or one of TOML's own values
    label: str
    where: Source | None

    @property
    def is_text(self) -> bool:
        """Whether it comes from the environment, where everything is text."""
        return self.where is None


@dataclass(frozen=True, slots=True)
class Config:
    """What the outside says: the environment and, when there is one, a TOML file's text."""

    environment: Mapping[str, str]
    file: str = "atoll.toml"
    text: str = ""

    def tables(self) -> tuple[Mapping[str, Any], list[Mistake]]:  # Any: TOML's own values
        """The file's tables by name, and what is wrong with the file as a whole."""
        try:
            return tomllib.loads(self.text), []
        except tomllib.TOMLDecodeError as error:
            said, _, place = str(error).partition(" (at line ")
            where = Source(self.file, int(place.partition(",")[0]) if place else 0)
            fix = "mend the file: https://toml.io shows how TOML is written"
            return {}, [Mistake(where, f"not a TOML file: {said[:1].lower()}{said[1:]}", fix)]

    def in_table(self, section: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Given]]:  # Any: TOML's own values
        """What the file says about one section, by name."""
        for name, raw in table.items():
            yield name, Given(raw, f"`{name}` in [{section}]", self.source_of(section, name))

    def in_environment(self, application: str, section: str, others: Iterable[str]) -> Iterator[tuple[str, Given]]:
        """What the environment says about one section, by name; `others` are sections whose variables are not its own.

        `REVENUE_SCORING_V2_LIMIT` is for `scoring_v2` where there is one, and for `scoring` where there is none.
        """
        prefix = variable_prefix(application, section)
        longer = tuple(
            other
            for name in others
            if (other := variable_prefix(application, name)) != prefix and other.startswith(prefix)
        )
        for variable, text in self.environment.items():
            if variable.startswith(prefix) and not (longer and variable.startswith(longer)):
                yield variable.removeprefix(prefix).lower(), Given(text, f"environment variable {variable}", None)

    def source_of(self, section: str, name: str | None = None) -> Source:
        """The place in the file where a section, or a name in it, stands; without a line where it is not found."""
        wanted = section if name is None else f"{section}.{name}"
        table = ""
        for number, line in enumerate(self.text.splitlines(), start=1):
            bare = line.partition("#")[0].strip()
            if bare.startswith("["):
                here = table = _dotted(bare.strip("[] "))
            else:
                here = ".".join(filter(None, (table, _dotted(bare.partition("=")[0]))))
            if here == wanted or here.startswith(f"{wanted}."):
                return Source(self.file, number)
        return Source(self.file)


def is_service_link(name: str) -> bool:
    """Whether a name that nobody asks for may stand in the environment all the same."""
    return _SERVICE_LINK.fullmatch(name) is not None


def variable_prefix(application: str, section: str) -> str:
    """How the names of a section's environment variables begin.

    >>> variable_prefix("revenue", "scoring")
    'REVENUE_SCORING_'
    """
    return f"{application}_{section}_".upper().replace("-", "_")


def _dotted(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def as_table(raw: object) -> Mapping[str, Any] | None:  # Any: TOML's own values
    """What was given as a table, or None where it is none."""
    return cast(dict[str, object], raw) if isinstance(raw, dict) else None
