"""An authority that lives as long as a test, and certificates of it as files."""

import ssl
from pathlib import Path

import trustme

from atoll.adapters.certificates import Certificates


class Authority:
    """Vouches for whom a test says. Its files are in a folder of its own."""

    def __init__(self, folder: Path, name: str = "ours") -> None:
        self._folder = folder / name
        self._folder.mkdir()
        self._ca = trustme.CA()
        self.ca = str(self._folder / "ca.pem")
        self._ca.cert_pem.write_to_path(self.ca)

    def certificates(self, name: str = "127.0.0.1", *, ca: str | None = None) -> Certificates:
        """Somebody's, who trusts this authority, or the one named."""
        issued = self._ca.issue_cert(name)
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        key.write_bytes(issued.private_key_pem.bytes())
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        return Certificates(ca or self.ca, str(certificate), str(key))

    def server(self) -> ssl.SSLContext:
        """For one who listens here, and asks for certificates."""
        return self.certificates().for_server()

    def client(self) -> ssl.SSLContext:
        """For one who connects."""
        return self.certificates("client.example").for_client()
