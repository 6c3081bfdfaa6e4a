"""The gateway's signing key: where it may come from, who may read its file, and that it shows nowhere."""

import base64
import builtins
import shutil
import sys
import traceback
from collections.abc import Callable, MutableMapping, MutableSequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr

from gateway.paths import data_dir
from gateway.trust.keys import KeyProblem, load_gateway_signer
from gateway.trust.pkcs11 import load_pkcs11_signer
from gateway.trust.signing import Signer, load_signer

SAMPLE = data_dir("certs-sample")
PASSWORD = SecretStr("vsb-sample")
SECRET = "a-very-private-pass-phrase"
GATEWAY = load_signer((SAMPLE / "gateway.p12").read_bytes(), "vsb-sample")


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """A copy of a sample file, readable by its owner only unless said otherwise."""

    def copy(name: str, mode: int = 0o600) -> Path:
        made = Path(shutil.copy(SAMPLE / name, tmp_path / name))
        made.chmod(mode)
        return made

    return copy


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> MutableSequence[MutableMapping[str, Any]]:
    capture = structlog.testing.LogCapture()
    monkeypatch.setattr("gateway.trust.keys.log", structlog.wrap_logger(None, processors=[capture]))
    return capture.entries


def is_the_gateway(signer: Signer) -> bool:
    return signer.certificate == GATEWAY.certificate and signer.key.public_key() == GATEWAY.certificate.public_key()


def test_the_key_comes_from_a_pkcs12_file_with_its_chain(file: Callable[..., Path], warnings: MutableSequence[Any]) -> None:
    signer = load_gateway_signer(keystore=file("gateway.p12"), keystore_password=PASSWORD, production=True)
    assert is_the_gateway(signer)
    assert len(signer.chain) == 2
    assert warnings == []


def test_the_key_comes_from_pem_files_with_the_chain_behind_the_certificate(
    file: Callable[..., Path], warnings: MutableSequence[Any]
) -> None:
    signer = load_gateway_signer(key_pem=file("gateway.key"), certificate_pem=file("gateway.pem", 0o644), production=True)
    assert is_the_gateway(signer)
    assert len(signer.chain) == 2
    assert warnings == []


def test_the_key_comes_from_base64_in_the_environment_also_with_line_ends() -> None:
    value = SecretStr(base64.encodebytes((SAMPLE / "gateway.p12").read_bytes()).decode())
    assert is_the_gateway(load_gateway_signer(keystore_base64=value, keystore_password=PASSWORD, production=True))


def test_an_encrypted_pem_key_takes_the_password(tmp_path: Path) -> None:
    key = load_pem_private_key((SAMPLE / "gateway.key").read_bytes(), None)
    path = tmp_path / "encrypted.key"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(SECRET.encode())))
    path.chmod(0o600)
    given: dict[str, Any] = {"key_pem": path, "certificate_pem": SAMPLE / "gateway.pem"}
    assert is_the_gateway(load_gateway_signer(**given, keystore_password=SecretStr(SECRET)))
    with pytest.raises(KeyProblem, match="wrong password"):
        load_gateway_signer(**given, keystore_password=PASSWORD)


def test_an_open_pem_key_ignores_the_password_meant_for_a_keystore(file: Callable[..., Path]) -> None:
    given: dict[str, Any] = {"key_pem": file("gateway.key"), "certificate_pem": SAMPLE / "gateway.pem"}
    assert is_the_gateway(load_gateway_signer(**given, keystore_password=PASSWORD))


def test_what_somebody_set_goes_before_the_default_keystore(file: Callable[..., Path]) -> None:
    other = SecretStr(base64.b64encode((SAMPLE / "zorgkas-180.p12").read_bytes()).decode())
    signer = load_gateway_signer(keystore=file("gateway.p12"), keystore_base64=other, keystore_password=PASSWORD)
    assert not is_the_gateway(signer)
    pem: dict[str, Any] = {"key_pem": file("zorgkas-180.key"), "certificate_pem": SAMPLE / "zorgkas-180.pem"}
    assert load_gateway_signer(keystore=file("gateway.p12"), **pem).certificate == signer.certificate


def test_two_keys_are_a_mistake(file: Callable[..., Path]) -> None:
    with pytest.raises(KeyProblem, match="two keys"):
        load_gateway_signer(
            keystore_base64=SecretStr("AAAA"), key_pem=file("gateway.key"), certificate_pem=SAMPLE / "gateway.pem"
        )


def _one(name: str, path: Path) -> dict[str, Any]:
    return {name: path}


@pytest.mark.parametrize("given", ["key_pem", "certificate_pem"])
def test_a_pem_key_and_its_certificate_go_together(given: str, file: Callable[..., Path]) -> None:
    with pytest.raises(KeyProblem, match="go together"):
        load_gateway_signer(keystore=file("gateway.p12"), keystore_password=PASSWORD, **_one(given, file("gateway.key")))


def test_no_key_at_all_is_said() -> None:
    with pytest.raises(KeyProblem, match="no signing key"):
        load_gateway_signer()


def test_a_certificate_of_another_key_is_refused(file: Callable[..., Path]) -> None:
    with pytest.raises(KeyProblem, match="do not belong together"):
        load_gateway_signer(key_pem=file("gateway.key"), certificate_pem=SAMPLE / "zorgkas-180.pem")


@pytest.mark.parametrize("given", ["keystore", "key_pem", "certificate_pem"])
def test_a_file_that_is_not_there_is_named(given: str, tmp_path: Path, file: Callable[..., Path]) -> None:
    pem: dict[str, Any] = {"key_pem": file("gateway.key"), "certificate_pem": SAMPLE / "gateway.pem"}
    absent = tmp_path / "absent"
    with pytest.raises(KeyProblem, match="absent: No such file"):
        load_gateway_signer(**({"keystore": absent} if given == "keystore" else pem | {given: absent}))


def test_what_was_expected_is_said(tmp_path: Path, file: Callable[..., Path]) -> None:
    with pytest.raises(KeyProblem, match=r"wrong password, or not a PKCS#12"):
        load_gateway_signer(keystore=file("gateway.key"), keystore_password=PASSWORD)
    with pytest.raises(KeyProblem, match=r"wrong password, or not an RSA or EC key in PEM"):
        load_gateway_signer(key_pem=file("gateway.p12"), certificate_pem=SAMPLE / "gateway.pem")
    with pytest.raises(KeyProblem, match="not base64"):
        load_gateway_signer(keystore_base64=SecretStr("AAA*A"), keystore_password=PASSWORD)


# Who may read the file.


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
@pytest.mark.parametrize("name", ["gateway.p12", "gateway.key"])
def test_a_key_file_open_to_group_or_others_is_named_in_a_warning_and_refused_in_production(
    name: str, mode: int, file: Callable[..., Path], warnings: MutableSequence[MutableMapping[str, Any]]
) -> None:
    path = file(name, mode)
    given: dict[str, Any] = {"key_pem": path, "certificate_pem": SAMPLE / "gateway.pem"}
    if name.endswith(".p12"):
        given = {"keystore": path, "keystore_password": PASSWORD}
    assert is_the_gateway(load_gateway_signer(**given))
    assert [w["path"] for w in warnings if w["log_level"] == "warning"] == [str(path)]
    with pytest.raises(KeyProblem, match="chmod 600") as caught:
        load_gateway_signer(**given, production=True)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_file_of_its_owner_only_is_fine(mode: int, file: Callable[..., Path], warnings: MutableSequence[Any]) -> None:
    load_gateway_signer(keystore=file("gateway.p12", mode), keystore_password=PASSWORD, production=True)
    assert warnings == []


def test_a_link_to_an_open_key_file_does_not_hide_it(tmp_path: Path, file: Callable[..., Path]) -> None:
    link = tmp_path / "link.p12"
    link.symlink_to(file("gateway.p12", 0o644))
    with pytest.raises(KeyProblem, match="chmod 600"):
        load_gateway_signer(keystore=link, keystore_password=PASSWORD, production=True)


# What may show.


def broken(tmp_path: Path) -> list[dict[str, Any]]:
    """Every way in which loading a key goes wrong with a secret at hand."""
    text = tmp_path / "text.p12"
    text.write_bytes(SECRET.encode())
    p12 = SAMPLE / "gateway.p12"
    return [
        {"keystore": p12, "keystore_password": SecretStr(SECRET)},
        {"keystore": p12},
        {"keystore": text, "keystore_password": SecretStr(SECRET)},
        {"keystore": tmp_path / "absent.p12", "keystore_password": SecretStr(SECRET)},
        {"keystore_base64": SecretStr(f"{SECRET}!"), "keystore_password": SecretStr(SECRET)},
        {"keystore_base64": SecretStr(base64.b64encode(SECRET.encode()).decode()), "keystore_password": SecretStr(SECRET)},
        {"key_pem": text, "certificate_pem": SAMPLE / "gateway.pem", "keystore_password": SecretStr(SECRET)},
        {"key_pem": SAMPLE / "gateway.key", "certificate_pem": text, "keystore_password": SecretStr(SECRET)},
        {"key_pem": SAMPLE / "gateway.key", "certificate_pem": SAMPLE / "zorgkas-180.pem"},
        {"key_pem": SAMPLE / "gateway.key", "certificate_pem": tmp_path},
    ]


@pytest.mark.parametrize("number", range(10))
def test_no_key_or_password_is_in_an_error_its_trace_or_the_log(
    number: int, tmp_path: Path, warnings: MutableSequence[MutableMapping[str, Any]]
) -> None:
    with pytest.raises(KeyProblem) as caught:
        load_gateway_signer(**broken(tmp_path)[number])
    # With the values of all locals, as some error reporters show them.
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = "".join(trace.format()) + repr(caught.value) + repr(warnings)
    assert SECRET not in shown
    assert base64.b64encode(SECRET.encode()).decode() not in shown
    assert (SAMPLE / "gateway.key").read_text().splitlines()[1] not in shown


def test_the_signer_shows_its_holder_and_nothing_of_the_key() -> None:
    shown = f"{GATEWAY!r} {GATEWAY} {[GATEWAY]}"
    assert "CBE=0900100117" in shown
    assert "PRIVATE" not in shown
    assert "RSAPrivateKey" not in shown


# PKCS#11.


def test_without_the_extra_a_pkcs11_key_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    # None in sys.modules makes an import fail, also where the extra happens to be installed.
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(KeyProblem, match=r"pip install 'vsb-gateway\[pkcs11\]'"):
        load_pkcs11_signer(
            module=Path("/nowhere.so"),
            token="t",
            key_label="k",
            pin=SecretStr(SECRET),
            certificate_pem=SAMPLE / "gateway.pem",
        )


def test_the_gateway_itself_needs_no_pkcs11(monkeypatch: pytest.MonkeyPatch, file: Callable[..., Path]) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        assert not name.startswith("pkcs11")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert load_gateway_signer(keystore=file("gateway.p12"), keystore_password=PASSWORD)
