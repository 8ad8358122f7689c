"""Tokens for services that are not Atoll's: files, which the supervisor writes again before they end.

    tokens/tax/stock      what `tax` sends as `atoll-token` when it calls `stock`

A command reads one when it calls: it needs no library for that, and no key.
"""

from collections.abc import Sequence

from atoll.adapters.run_folder import RunFolder
from atoll.identity import Credentials
from atoll.topology.membership import Membership

FOLDER = "tokens"


class TokenFiles:
    """The files of the tokens of one run. Owns the credentials for which they are."""

    def __init__(self, folder: RunFolder, membership: Membership) -> None:
        self._folder = folder
        self._membership = membership
        self._credentials: dict[str, Credentials] = {}
        self._written: dict[str, str] = {}

    def place_of(self, service: str) -> str:
        """The folder with the tokens of a service."""
        return str(self._folder.path / FOLDER / service)

    def refresh(self, service: str, targets: Sequence[str]) -> None:
        """Write those of a service for its calls of others, where they have changed.

        Raises:
            OSError: they cannot be written.
        """
        credentials = self._credentials.get(service)
        if credentials is None:
            credentials = self._credentials[service] = self._membership.credentials(service)
        for target in targets:
            name, token = f"{FOLDER}/{service}/{target}", credentials.token(target)
            if self._written.get(name) != token:
                self._folder.write(name, token.encode())
                self._written[name] = token
