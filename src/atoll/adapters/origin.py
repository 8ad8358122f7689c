"""Where the running Atoll comes from, so that the environments of services hold the same one."""

import importlib.metadata
import json
import urllib.parse
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from atoll.adapters.distributions import content_digest
from atoll.adapters.wheels import repacked
from atoll.kernel import Mistake, Mistakes


@dataclass(frozen=True, slots=True)
class Origin:
    """What an installer is told so that it installs this Atoll, and what its content is known by."""

    arguments: tuple[str, ...]
    digest: str


def origin_of_atoll(into: Path) -> Origin:
    """Where this process's own Atoll comes from; see `origin`."""
    return origin(importlib.metadata.distribution("atoll"), into)


def origin(distribution: Distribution, into: Path) -> Origin:
    """Where an installed distribution comes from, as the installer noted it (PEP 610).

    An editable folder stays editable; a folder or a wheel is installed again; what came from an index is asked for by
    its version. Where a folder or wheel is gone, or is something else, the installed files make a wheel in `into`.

    Raises:
        Mistakes: what is installed is not whole.
    """
    noted = distribution.read_text("direct_url.json")
    version = distribution.version
    if noted is None:
        return Origin((f"{distribution.name}=={version}",), version)
    url: dict[str, Any] = json.loads(noted)  # Any: a JSON document
    path = _path(str(url.get("url", "")))
    if path is not None and path.is_dir():
        if url.get("dir_info", {}).get("editable"):
            return Origin(("--editable", str(path)), f"editable {path} {version}")
        return Origin((str(path),), content_digest(path))
    if path is not None and path.is_file():
        return Origin((str(path),), content_digest(path))
    try:
        wheel = repacked(distribution, into)
    except ValueError as error:
        fix = f"install {distribution.name} again"
        raise Mistakes([Mistake(None, f"{error}, and {url.get('url')} is gone", fix)]) from None
    return Origin((str(wheel),), content_digest(wheel))


def _path(url: str) -> Path | None:
    parts = urllib.parse.urlsplit(url)
    return Path(urllib.parse.unquote(parts.path)) if parts.scheme == "file" else None
