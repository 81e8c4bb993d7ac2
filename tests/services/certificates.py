"""An authority for one test, and certificates that it signs, in files of PEM."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK: Final = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])


class Authority:
    """Signs what a test asks for. `cafile` is what others trust it by."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        ability = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._begun(self._name, self._key).add_extension(ability, critical=True)
        self.cafile = folder / f"{name}.pem"
        self.cafile.write_bytes(_pem(certificate.sign(self._key, hashes.SHA256())))

    def sign(self, name: str) -> tuple[Path, Path]:
        """A certificate for this name on the loopback interface, and its key: their files."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._begun(_named(name), key).add_extension(LOOPBACK, critical=False)
        files = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        files[0].write_bytes(_pem(certificate.sign(self._key, hashes.SHA256())))
        files[1].write_bytes(unencrypted(key))
        return files

    def _begun(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        begun = x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
        return begun.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))


def unencrypted(key: ec.EllipticCurvePrivateKey) -> bytes:
    return _key(key, serialization.NoEncryption())


def encrypted(key: ec.EllipticCurvePrivateKey) -> bytes:
    return _key(key, serialization.BestAvailableEncryption(b"battery-staple"))


def _key(key: ec.EllipticCurvePrivateKey, encryption: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
