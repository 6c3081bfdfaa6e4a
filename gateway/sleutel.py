"""The gateway's signing key, from wherever the settings say it is: a token, the environment, PEM files or a PKCS#12."""

from __future__ import annotations

from gateway.settings import Environment, Settings
from gateway.trust.keys import OnOpenFile, load_gateway_signer
from gateway.trust.pkcs11 import load_pkcs11_signer
from gateway.trust.signing import Signer


def signer_of(settings: Settings, *, on_open_file: OnOpenFile | None = None, only_look: bool = False) -> Signer:
    """Load the configured key.

    Args:
        on_open_file: how to warn of a key file that others may read; a line in the log if left out.
        only_look: only the certificate is of interest, so who else may read the key is not the question.

    Raises:
        KeyProblem: the key can not be used; the text says which source and why.
    """
    module, token, label, pin = settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_key, settings.pkcs11_pin
    if module is not None and token and label and pin is not None and settings.certificate_pem is not None:
        return load_pkcs11_signer(module=module, token=token, key_label=label, pin=pin, certificate_pem=settings.certificate_pem)
    return load_gateway_signer(
        keystore=settings.keystore,
        keystore_password=settings.keystore_password,
        key_pem=settings.key_pem,
        certificate_pem=settings.certificate_pem,
        keystore_base64=settings.keystore_base64,
        production=settings.environment is Environment.PRODUCTION and not only_look,
        on_open_file=on_open_file,
    )
