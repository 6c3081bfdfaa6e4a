"""Verifying and making signature values with the accepted algorithms; which those are is the policy's."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509 import Certificate

from gateway.refusal import Code, Refusal
from gateway.trust.policy import RSA_SHA1, SHA1, SecurityPolicy
from gateway.trust.signedinfo import SignedInfo
from gateway.wire.names import ECDSA_SHA256, RSA_SHA256, SHA256

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_RSA_HASHES: dict[str, hashes.HashAlgorithm] = {RSA_SHA256: hashes.SHA256(), RSA_SHA1: hashes.SHA1()}  # noqa: S303
_DIGESTS = {SHA256: "sha256", SHA1: "sha1"}


def check_key(certificate: Certificate, policy: SecurityPolicy) -> None:
    """Refuse keys that are too small or of another kind.

    Raises:
        Refusal: WEAK_KEY.
    """
    key = _public_key(certificate)
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < policy.min_rsa_bits:
            raise Refusal(Code.WEAK_KEY, expected=f"RSA van minstens {policy.min_rsa_bits} bits", found=f"RSA {key.key_size}")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in policy.curves:
            raise Refusal(Code.WEAK_KEY, expected=", ".join(sorted(policy.curves)), found=key.curve.name)
    else:
        raise Refusal(Code.WEAK_KEY, expected="RSA of EC", found=type(key).__name__)


def verify_value(certificate: Certificate, method: str, value: bytes, data: bytes) -> None:
    """Verify a SignatureValue over canonical SignedInfo octets.

    Args:
        method: one of the policy's signature methods; whether SHA-1 is one was settled when SignedInfo was read.

    Raises:
        Refusal: ALGORITHM when the method does not fit the key, SIGNATURE when the value is wrong, WEAK_KEY.
    """
    key = _public_key(certificate)
    try:
        if isinstance(key, rsa.RSAPublicKey) and method in _RSA_HASHES:
            key.verify(value, data, padding.PKCS1v15(), _RSA_HASHES[method])
        elif isinstance(key, ec.EllipticCurvePublicKey) and method == ECDSA_SHA256:
            key.verify(_der(value, key), data, ec.ECDSA(hashes.SHA256()))
        else:
            raise Refusal(Code.ALGORITHM, expected="een methode die bij de sleutel past", found=method[:120])
    except InvalidSignature:
        raise Refusal(Code.SIGNATURE) from None


def reference_fits(info: SignedInfo, index: int, octets: bytes) -> bool:
    """Whether the octets that reference number `index` names have the digest it gives, by the method it gives."""
    method = info.element[2 + index][-2].get("Algorithm", "")
    name = _DIGESTS.get(method)
    given = info.references[index].digest
    return name is not None and hmac.compare_digest(hashlib.new(name, octets, usedforsecurity=False).digest(), given)


def _public_key(certificate: Certificate) -> object:
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refusal(Code.WEAK_KEY, expected="RSA of EC op een gekende curve", found=type(error).__name__) from None


def _der(value: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    # XMLDSig writes r and s side by side, each as long as the curve's order (RFC 4050 §3.3).
    size = (key.curve.key_size + 7) // 8
    if len(value) != 2 * size:
        raise Refusal(Code.SIGNATURE, expected=f"{2 * size} octetten", found=f"{len(value)} octetten")
    return encode_dss_signature(int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big"))


def method_for(key: PrivateKey) -> str:
    return RSA_SHA256 if isinstance(key, rsa.RSAPrivateKey) else ECDSA_SHA256


def sign_value(key: PrivateKey, data: bytes) -> bytes:
    """SignatureValue octets over canonical SignedInfo octets."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    size = (key.curve.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")
