"""TLS from certificates that are given as files: who one is, and whom one trusts."""

import asyncio
import ssl
from typing import Any


class Certificates:
    """Makes what TLS needs from files in PEM.

    `ca` says whose certificates are trusted: the system's where there is none. With it, a server asks its clients for
    a certificate, too.
    """

    def __init__(self, ca: str | None, certificate: str | None, key: str | None) -> None:
        self._ca = ca
        self._certificate = certificate
        self._key = key

    def for_client(self) -> ssl.SSLContext:
        """For who connects.

        Raises:
            OSError: a file cannot be read, or holds no certificate.
        """
        return self._with_own(ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self._ca))

    def for_server(self) -> ssl.SSLContext:
        """For who listens.

        Raises:
            OSError: a file cannot be read, or holds no certificate.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self._ca)
        if self._ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return self._with_own(context)

    def _with_own(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._certificate is not None:
            context.load_cert_chain(self._certificate, self._key)
        return context


def names_of_peer(transport: asyncio.BaseTransport) -> tuple[str, ...]:
    """The services that the other side is by its certificate: the SPIFFE IDs in it (X509-SVID.md, 2).

    Nothing where it has shown none, or one that names hosts alone.
    """
    certificate: dict[str, Any] | None = transport.get_extra_info("peercert")  # Any: as the standard library has it
    said = certificate.get("subjectAltName", ()) if certificate else ()
    return tuple(name for kind, name in said if kind == "URI" and name.startswith("spiffe://"))
