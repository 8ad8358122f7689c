"""An authority that lives as long as a test, and certificates of it as files."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from atoll.adapters.certificates import Certificates
from atoll.topology.peers import Trust


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

    def services(self, *names: str, host: str = "localhost") -> Trust:
        """The files of a process that hosts these services, whose SPIFFE IDs its certificate names beside the host."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        issuer = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        authority = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        assert isinstance(authority, ec.EllipticCurvePrivateKey)
        said = [x509.DNSName(host), *(x509.UniformResourceIdentifier(each) for each in names)]
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(said), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
            .sign(authority, hashes.SHA256())
        )
        file = self._folder / f"services-{len(list(self._folder.iterdir()))}.pem"
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        secret = key.private_bytes(encoding, form, serialization.NoEncryption())
        file.write_bytes(secret + made.public_bytes(encoding))
        return Trust(self.ca, str(file), str(file))

    def server(self) -> ssl.SSLContext:
        """For one who listens here, and asks for certificates."""
        return self.certificates().for_server()

    def client(self) -> ssl.SSLContext:
        """For one who connects."""
        return self.certificates("client.example").for_client()
