"""The gateway's own signing key: from a file, from the environment, or in a token that never lets it out.

A file that others on the machine may read is named in a warning, and refused in production. No key, password or part of one
is in any error, log line or repr here.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Callable
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from gateway.trust.signing import Signer, load_signer

log = structlog.get_logger("keys")
OPEN_FILE = "holds a private key and group or others may read it; make it readable by its owner only (chmod 600)"


OnOpenFile = Callable[[Path, int], None]
"""Called with the path and mode of a key file that group or others may read."""


class KeyProblem(Exception):
    """The gateway's key can not be used; the text says which source and why, and nothing of the key."""


def load_gateway_signer(
    *,
    keystore: Path | None = None,
    keystore_password: SecretStr | None = None,
    key_pem: Path | None = None,
    certificate_pem: Path | None = None,
    keystore_base64: SecretStr | None = None,
    production: bool = False,
    on_open_file: OnOpenFile | None = None,
) -> Signer:
    """Load the key with its certificate and chain.

    One of three: `keystore_base64` (PKCS#12 in the environment), `key_pem` with `certificate_pem`, or `keystore` (PKCS#12).
    The first two are only there when somebody set them, so each goes before `keystore`; together they are a mistake.

    Args:
        keystore_password: of the PKCS#12, or of an encrypted `key_pem`.
        certificate_pem: the certificate first, then its chain.
        production: refuse a key file that group or others may read, instead of warning.
        on_open_file: how to warn; a line in the log if left out.

    Raises:
        KeyProblem: no source or two, a file that can not be read or may be read by too many, wrong password, wrong form, or a
            certificate of another key.
    """
    if keystore_base64 is not None and key_pem is not None:
        raise KeyProblem("two keys were given: a PKCS#12 in the environment and a PEM file; leave one out")
    if (key_pem is None) != (certificate_pem is None):
        raise KeyProblem("a PEM key and its PEM certificate go together; one of the two is missing")
    warn = on_open_file or _log_open_file
    if keystore_base64 is not None:
        source = "the PKCS#12 in the environment"
        signer = _load(_from_base64(keystore_base64), keystore_password)
    elif key_pem is not None and certificate_pem is not None:
        source = str(key_pem)
        signer = _load(_read(certificate_pem), keystore_password, _read_private(key_pem, production, warn))
    elif keystore is not None:
        source = str(keystore)
        signer = _load(_read_private(keystore, production, warn), keystore_password)
    else:
        raise KeyProblem("no signing key was given: neither a PKCS#12 nor a PEM key with its certificate")
    if signer is None:
        expected = "a PKCS#12 with one RSA or EC key" if key_pem is None else "an RSA or EC key in PEM beside its certificate"
        raise KeyProblem(f"{source}: wrong password, or not {expected}")
    check_pair(signer, source)
    return signer


def check_pair(signer: Signer, source: str) -> None:
    """The certificate must be this key's.

    Raises:
        KeyProblem: it is another key's.
    """
    if _public(signer.key.public_key()) != _public(signer.certificate.public_key()):
        raise KeyProblem(f"{source}: the key and the certificate do not belong together")


def _public(key: object) -> bytes:
    octets: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return octets


def _load(data: bytes, password: SecretStr | None, key: bytes | None = None) -> Signer | None:
    # None instead of an error: the frames in which it was raised have key and password as locals, and some loggers show those.
    try:
        return load_signer(data, _password_for(key, password), key)
    except (ValueError, TypeError, IndexError, UnsupportedAlgorithm):
        return None


def _password_for(key: bytes | None, password: SecretStr | None) -> str | None:
    # A password for a key without one is an error to cryptography; a keystore's default password is not the PEM key's.
    return None if password is None or (key is not None and b"ENCRYPTED" not in key) else password.get_secret_value()


def _from_base64(value: SecretStr) -> bytes:
    try:
        return base64.b64decode("".join(value.get_secret_value().split()), validate=True)
    except (binascii.Error, ValueError):
        raise KeyProblem("the PKCS#12 in the environment is not base64") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyProblem(f"{path}: {error.strerror or 'can not be read'}") from None


def _read_private(path: Path, production: bool, warn: OnOpenFile) -> bytes:
    try:
        with path.open("rb") as file:
            # The opened file is asked, not the path: it could be another one by then.
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                if production:
                    raise KeyProblem(f"{path} {OPEN_FILE}")
                warn(path, mode)
            return file.read()
    except OSError as error:
        raise KeyProblem(f"{path}: {error.strerror or 'can not be read'}") from None


def _log_open_file(path: Path, mode: int) -> None:
    log.warning("key_file_readable_by_others", path=str(path), mode=f"{mode:03o}", remedy="chmod 600")


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """The certificate and its chain from a PEM file.

    Raises:
        KeyProblem: the file can not be read or holds none.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(_read(path)))
    except ValueError:
        raise KeyProblem(f"{path}: holds no certificate in PEM") from None
