"""Services that others run: where they are, and the keys that open them, which the environment holds."""

import re
from collections.abc import Iterator, Mapping

from atoll.calls import Door, is_header
from atoll.kernel import Config, Mistake
from atoll.service import Application, Remote
from atoll.topology.peers import Directory, Peers, split_address

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_OURS = ("host", "content-length", "content-type", "transfer-encoding", "connection", "traceparent", "idempotency-key")


def with_remotes(
    application: Application, directory: Directory | None, config: Config
) -> tuple[Directory | None, list[Mistake]]:
    """The directory, with what the application says about services that others run; None where nobody is elsewhere."""
    remotes = [item for item in application.services if isinstance(item, Remote)]
    mistakes = [mistake for remote in remotes for mistake in _mistakes(remote, config.environment)]
    if mistakes or not remotes:
        return directory, mistakes
    directory = directory or Directory(Peers())
    for remote in remotes:
        address, path = split_address(remote.url) or ("", "")
        headers = tuple((name, _filled(value, config.environment)) for name, value in remote.headers.items())
        directory.add_remote(
            remote.name,
            address,
            Door(root=path, headers=headers, is_stranger=True),
        )
    return directory, []


def _mistakes(remote: Remote, environment: Mapping[str, str]) -> Iterator[Mistake]:
    if split_address(remote.url) is None or remote.url.startswith("unix:"):
        fix = "write https://host/path, without query and user"
        yield Mistake(None, f"`{remote.url}` is not where `{remote.name}` could be called", fix)
    for name, value in remote.headers.items():
        if not is_header(name, "") or name.lower() in _OURS or name.lower().startswith("atoll-"):
            fix = "name a header of the API's own"
            yield Mistake(None, f"`{remote.name}` cannot be sent the header `{name}`", fix)
        for variable in _VARIABLE.findall(value):
            if variable not in environment:
                what = f"the header `{name}` of `{remote.name}` needs {variable}, which is not set"
                yield Mistake(None, what, f"set the environment variable {variable}")
        if not is_header("x", _filled(value, environment)):
            what = f"the header `{name}` of `{remote.name}` has a character that no header can hold"
            yield Mistake(None, what, "write Latin-1 text on one line")


def _filled(value: str, environment: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: environment.get(found[1], ""), value)
