"""A signing key in a PKCS#11 token (HSM, smart card): `pip install 'vsb-gateway[pkcs11]'`.

The token computes RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2, CKM_SHA256_RSA_PKCS); the key never leaves it.
"""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Any, NoReturn

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding as paddings
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from gateway.trust.keys import KeyProblem, read_certificates
from gateway.trust.signing import Signer


def load_pkcs11_signer(*, module: Path, token: str, key_label: str, pin: SecretStr, certificate_pem: Path) -> Signer:
    """Signer whose key is in a token.

    Args:
        module: the token's PKCS#11 library, for example /usr/lib/softhsm/libsofthsm2.so.
        token: label of the token.
        key_label: label of the private key in it.
        certificate_pem: the certificate first, then its chain.

    Raises:
        KeyProblem: the extra is not installed, the token or key is not there, the PIN is wrong, or the key is not the
            certificate's RSA key.
    """
    library = _python_pkcs11()
    certificate, *chain = read_certificates(certificate_pem)
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise KeyProblem(f"{certificate_pem}: only RSA keys are used through PKCS#11")
    try:
        session = _open(library, library.lib(str(module)).get_token(token_label=token), pin)
        key = session.get_key(object_class=library.ObjectClass.PRIVATE_KEY, label=key_label)
    except (library.PKCS11Error, RuntimeError, OSError) as error:
        raise KeyProblem(f"PKCS#11 token {token!r}, key {key_label!r}: {type(error).__name__}") from None
    signer = Signer(key=_TokenKey(key, public, library.Mechanism.SHA256_RSA_PKCS), certificate=certificate, chain=tuple(chain))
    _check_signs(signer.key, public, token)
    return signer


def _python_pkcs11() -> Any:
    try:
        return importlib.import_module("pkcs11")
    except ImportError:
        raise KeyProblem("a key in a PKCS#11 token needs an extra: pip install 'vsb-gateway[pkcs11]'") from None


def _open(library: Any, token: Any, pin: SecretStr) -> Any:
    try:
        return token.open(user_pin=pin.get_secret_value())
    except library.UserAlreadyLoggedIn:
        # A process logs in to a token once, for all its sessions (PKCS#11 v2.40 §5.6).
        return token.open()


def _check_signs(key: Any, public: rsa.RSAPublicKey, token: str) -> None:
    # The token does not always give its public key, so a signature shows whether the two belong together.
    probe = b"vsb-gateway"
    try:
        public.verify(key.sign(probe, paddings.PKCS1v15(), hashes.SHA256()), probe, paddings.PKCS1v15(), hashes.SHA256())
    except Exception as error:
        raise KeyProblem(f"PKCS#11 token {token!r}: the key does not sign for the certificate ({type(error).__name__})") from None


class _TokenKey(rsa.RSAPrivateKey):
    """The part of an RSA private key that signing needs; everything that would show the key is refused."""

    def __init__(self, key: Any, public: rsa.RSAPublicKey, mechanism: Any) -> None:
        self._key = key
        self._public = public
        self._mechanism = mechanism
        # A PKCS#11 session carries one operation at a time.
        self._lock = threading.Lock()

    def sign(self, data: Any, padding: Any, algorithm: Any) -> bytes:
        if not isinstance(padding, paddings.PKCS1v15) or not isinstance(algorithm, hashes.SHA256):
            raise ValueError("the token signs with PKCS#1 v1.5 and SHA-256 only")
        with self._lock:
            return bytes(self._key.sign(bytes(data), mechanism=self._mechanism))

    def public_key(self) -> rsa.RSAPublicKey:
        return self._public

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def decrypt(self, ciphertext: bytes, padding: Any) -> bytes:  # noqa: ARG002
        self._refuse()

    def private_numbers(self) -> rsa.RSAPrivateNumbers:
        self._refuse()

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> bytes:  # noqa: ARG002
        self._refuse()

    def __copy__(self) -> _TokenKey:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> _TokenKey:
        return self

    def _refuse(self) -> NoReturn:
        raise ValueError("the key does not leave its token")
