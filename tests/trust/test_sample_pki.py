"""The sample PKI: what the plan promises, the folder holds."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from stdnum.be import nn, vat
from typer.testing import CliRunner

from gateway.commands.certs import app
from gateway.paths import data_dir
from gateway.trust.sample_pki import SampleCertificate, State, identity_of, list_sample_pki, make_sample_pki
from gateway.trust.sample_pki_plan import PLAN, Kind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COMMITTED = data_dir("certs-sample")
LEAVES = [planned.name for planned in PLAN if not planned.is_ca]
GOOD_LEAVES = [planned.name for planned in PLAN if planned.kind not in {Kind.CA, Kind.BAD}]


def copy_keys(target: Path) -> Path:
    for key in COMMITTED.glob("*.key"):
        shutil.copy(key, target)
    return target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = copy_keys(tmp_path_factory.mktemp("certs"))
    make_sample_pki(made, now=NOW)
    return made


@pytest.fixture(scope="module")
def listed(folder: Path) -> dict[str, SampleCertificate]:
    return {one.name: one for one in list_sample_pki(folder)}


def certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())


def subject(folder: Path, name: str, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(rdn.value) for rdn in certificate(folder, name).subject.get_attributes_for_oid(oid)]


def crl(folder: Path, name: str) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl((folder / "crl" / f"{name}.crl").read_bytes())


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def chain(folder: Path, name: str) -> Iterator[tuple[x509.Certificate, x509.Certificate]]:
    certificates = x509.load_pem_x509_certificates((folder / f"{name}.pem").read_bytes())
    return pairwise(certificates)


class TestSubjects:
    def test_an_organisation_has_the_ehealth_layout(self, folder: Path) -> None:
        assert subject(folder, "facility-ibw-1", NameOID.COUNTRY_NAME) == ["BE"]
        assert subject(folder, "facility-ibw-1", NameOID.ORGANIZATION_NAME) == ["Federal Government"]
        assert subject(folder, "facility-ibw-1", NameOID.COMMON_NAME) == ["NIHII-PROT_ACC=72090103"]
        assert subject(folder, "facility-ibw-1", NameOID.ORGANIZATIONAL_UNIT_NAME) == [
            "eHealth-platform Belgium",
            "BESCHUT WONEN DE BRUG",
            "NIHII-PROT_ACC=72090103",
        ]

    def test_an_application_id_ends_the_cn_and_has_its_own_ou(self, folder: Path) -> None:
        assert subject(folder, "facility-ibw-1-app", NameOID.COMMON_NAME) == ["NIHII-PROT_ACC=72090103, ZORGSOFT"]
        assert subject(folder, "facility-ibw-1-app", NameOID.ORGANIZATIONAL_UNIT_NAME)[2:] == [
            "NIHII-PROT_ACC=72090103",
            "ZORGSOFT",
        ]

    def test_no_ehealth_subject_has_a_serial_number_as_an_eid_has(self, folder: Path) -> None:
        assert not any(subject(folder, name, NameOID.SERIAL_NUMBER) for name in LEAVES)

    @pytest.mark.parametrize(
        ("name", "identity"),
        [
            ("facility-ibw-2", "NIHII-PROT_ACC=72090202"),
            ("facility-pvt-1", "NIHII-PSYCH_HOUSE=72290338"),
            ("facility-wzc-1", "NIHII-RETIREMENT=76090461"),
            ("facility-unregistered", "NIHII-PROT_ACC=72099902"),
            ("zorgkas-180", "CBE=0900118032"),
            ("gateway", "CBE=0900100117"),
            ("sts", "CBE=0900100216"),
            ("bad-kbo-only", "CBE=0900177717"),
            ("bad-personal", "SSIN=01020399715"),
            ("tls-server", None),
            ("issuing-ca", None),
        ],
    )
    def test_the_identity_is_the_number_in_the_ou(self, folder: Path, name: str, identity: str | None) -> None:
        assert identity_of(certificate(folder, name)) == identity

    def test_every_number_passes_its_check(self, listed: dict[str, SampleCertificate]) -> None:
        valid = {
            "CBE": vat.is_valid,
            "SSIN": nn.is_valid,
        }
        for one in listed.values():
            if one.identity:
                kind, number = one.identity.split("=")
                check = valid.get(kind, lambda riziv: int(riziv[6:]) == 97 - int(riziv[:6]) % 97)
                assert check(number), one.name

    def test_the_person_was_born_in_1901(self) -> None:
        assert nn.get_birth_year("01020399715") == 1901

    def test_a_renewed_certificate_has_the_same_subject_and_another_key(self, folder: Path) -> None:
        old, renewed = certificate(folder, "facility-ibw-1"), certificate(folder, "facility-ibw-1-renewed")
        assert old.subject == renewed.subject
        assert old.public_key() != renewed.public_key()


class TestGoodCertificates:
    @pytest.mark.parametrize("name", GOOD_LEAVES)
    def test_the_chain_verifies_up_to_the_root_in_the_bundle(self, folder: Path, name: str) -> None:
        links = list(chain(folder, name))
        for below, above in links:
            below.verify_directly_issued_by(above)
        bundle = x509.load_pem_x509_certificates((folder / "ca-bundle.pem").read_bytes())
        assert [above for _, above in links] == bundle[::-1]

    @pytest.mark.parametrize("name", GOOD_LEAVES)
    def test_it_is_valid_today(self, listed: dict[str, SampleCertificate], name: str) -> None:
        assert listed[name].state_at(NOW) is State.OK

    def test_an_ehealth_certificate_may_sign_and_authenticate(self, folder: Path) -> None:
        extensions = certificate(folder, "facility-ibw-1").extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.digital_signature
        assert usage.value.content_commitment
        assert usage.value.key_encipherment
        assert not usage.value.data_encipherment
        assert not usage.value.key_cert_sign
        assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
            ExtendedKeyUsageOID.CLIENT_AUTH,
            ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ]

    def test_an_issuing_ca_may_have_no_ca_below_it(self, folder: Path) -> None:
        constraints = certificate(folder, "issuing-ca").extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical
        assert constraints.value.ca
        assert constraints.value.path_length == 0

    def test_the_server_answers_for_localhost(self, folder: Path) -> None:
        names = certificate(folder, "tls-server").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["localhost"]
        assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]

    def test_one_facility_has_an_ec_key(self, folder: Path) -> None:
        assert isinstance(certificate(folder, "facility-ibw-2").public_key(), ec.EllipticCurvePublicKey)


class TestBadCertificates:
    @pytest.mark.parametrize(
        ("name", "state"),
        [
            ("bad-expired", State.EXPIRED),
            ("bad-not-yet-valid", State.NOT_YET_VALID),
            ("bad-revoked", State.REVOKED),
        ],
    )
    def test_dates_and_crl_tell_on_three(self, listed: dict[str, SampleCertificate], name: str, state: State) -> None:
        assert listed[name].state_at(NOW) is state

    def test_the_others_are_bad_for_another_reason_only(self, listed: dict[str, SampleCertificate]) -> None:
        others = {one.name for one in listed.values() if one.kind is Kind.BAD and one.state_at(NOW) is State.OK}
        assert others == {
            "bad-wrong-issuer",
            "bad-kbo-only",
            "bad-personal",
            "bad-self-signed",
            "bad-rsa1024",
            "bad-no-digital-signature",
            "bad-riziv-in-cn-only",
        }

    @pytest.mark.parametrize("name", ["bad-wrong-issuer", "bad-self-signed"])
    def test_a_stranger_did_not_get_it_from_our_issuing_ca(self, folder: Path, name: str) -> None:
        with pytest.raises((ValueError, InvalidSignature)):
            certificate(folder, name).verify_directly_issued_by(certificate(folder, "issuing-ca"))

    def test_the_short_key_is_short(self, folder: Path) -> None:
        key = certificate(folder, "bad-rsa1024").public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert key.key_size == 1024

    def test_the_key_that_may_not_sign_may_not_sign(self, folder: Path) -> None:
        usage = certificate(folder, "bad-no-digital-signature").extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.key_encipherment
        assert not usage.digital_signature
        assert not usage.content_commitment

    def test_cn_and_ou_name_two_registered_facilities(self, folder: Path) -> None:
        assert subject(folder, "bad-riziv-in-cn-only", NameOID.COMMON_NAME) == ["NIHII-PROT_ACC=72090103"]
        assert identity_of(certificate(folder, "bad-riziv-in-cn-only")) == "NIHII-PROT_ACC=72090202"


class TestRevocationLists:
    def test_the_issuing_ca_lists_the_revoked_certificate_and_no_other(self, folder: Path) -> None:
        (entry,) = crl(folder, "issuing-ca")
        assert entry.serial_number == certificate(folder, "bad-revoked").serial_number
        assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise

    def test_the_root_revoked_nothing(self, folder: Path) -> None:
        assert list(crl(folder, "root-ca")) == []

    @pytest.mark.parametrize("name", ["root-ca", "issuing-ca"])
    def test_a_list_is_signed_by_its_ca_and_holds_until_2049(self, folder: Path, name: str) -> None:
        issuer = certificate(folder, name)
        key = issuer.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert crl(folder, name).is_signature_valid(key)
        assert crl(folder, name).next_update_utc == issuer.not_valid_after_utc


class TestFiles:
    @pytest.mark.parametrize("name", LEAVES)
    def test_the_keystore_opens_with_the_one_password(self, folder: Path, name: str) -> None:
        store = pkcs12.load_pkcs12((folder / f"{name}.p12").read_bytes(), b"vsb-sample")
        assert store.cert is not None
        assert store.cert.friendly_name == b"authentication"
        assert store.cert.certificate == certificate(folder, name)
        assert store.key is not None
        assert store.key.public_key() == store.cert.certificate.public_key()
        assert {held.certificate for held in store.additional_certs} == {above for _, above in chain(folder, name)}

    @pytest.mark.parametrize("name", [planned.name for planned in PLAN])
    def test_the_key_belongs_to_the_certificate_and_is_for_its_owner_only(self, folder: Path, name: str) -> None:
        path = folder / f"{name}.key"
        key = load_pem_private_key(path.read_bytes(), password=None)
        assert key.public_key() == certificate(folder, name).public_key()
        assert path.stat().st_mode & 0o777 == 0o600

    def test_no_two_certificates_share_a_key_or_a_serial_number(self, folder: Path) -> None:
        certificates = [certificate(folder, planned.name) for planned in PLAN]
        assert len({one.serial_number for one in certificates}) == len(PLAN)
        assert len({(folder / f"{planned.name}.key").read_bytes() for planned in PLAN}) == len(PLAN)

    def test_the_readme_names_every_certificate_and_the_password(self, folder: Path) -> None:
        text = (folder / "README.md").read_text(encoding="utf-8")
        assert "Not for production" in text
        assert "`vsb-sample`" in text
        assert all(f"| `{planned.name}` |" in text for planned in PLAN)


class TestMakingAgain:
    def test_the_committed_folder_is_what_the_plan_makes(self, folder: Path) -> None:
        made, committed = (
            {path: content for path, content in snapshot(root).items() if path.suffix != ".p12"} for root in (folder, COMMITTED)
        )
        assert made == committed

    def test_nothing_changes(self, folder: Path) -> None:
        before = snapshot(folder)
        make_sample_pki(folder, now=NOW)
        assert snapshot(folder) == before

    def test_a_missing_key_is_made_and_the_others_are_kept(self, tmp_path: Path) -> None:
        copy_keys(tmp_path)
        lost = tmp_path / "facility-pvt-1.key"
        lost.unlink()
        make_sample_pki(tmp_path, now=NOW)
        changed = {key.name for key in tmp_path.glob("*.key") if key.read_bytes() != (COMMITTED / key.name).read_bytes()}
        assert changed == {lost.name}

    def test_a_key_of_another_kind_than_planned_is_replaced(self, tmp_path: Path) -> None:
        copy_keys(tmp_path)
        shutil.copy(COMMITTED / "facility-ibw-1.key", tmp_path / "bad-rsa1024.key")
        make_sample_pki(tmp_path, now=NOW)
        key = certificate(tmp_path, "bad-rsa1024").public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert key.key_size == 1024

    def test_a_keystore_of_an_old_key_is_replaced(self, tmp_path: Path) -> None:
        copy_keys(tmp_path)
        make_sample_pki(tmp_path, now=NOW)
        (tmp_path / "sts.key").unlink()
        make_sample_pki(tmp_path, now=NOW)
        store = pkcs12.load_pkcs12((tmp_path / "sts.p12").read_bytes(), b"vsb-sample")
        assert store.cert is not None
        assert store.cert.certificate == certificate(tmp_path, "sts")

    def test_force_makes_every_key_new(self, tmp_path: Path) -> None:
        copy_keys(tmp_path)
        make_sample_pki(tmp_path, now=NOW, force=True)
        assert all(key.read_bytes() != (COMMITTED / key.name).read_bytes() for key in tmp_path.glob("*.key"))

    def test_a_key_file_that_is_no_key_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "root-ca.key").write_text("not a key")
        with pytest.raises(ValueError, match=r"root-ca\.key holds no private key"):
            make_sample_pki(tmp_path, now=NOW)

    @pytest.mark.parametrize("year", [2023, 2048])
    def test_a_clock_that_turns_good_into_bad_is_refused(self, tmp_path: Path, year: int) -> None:
        with pytest.raises(ValueError, match="set the clock right"):
            make_sample_pki(tmp_path, now=datetime(year, 6, 1, tzinfo=UTC))
        assert list(tmp_path.iterdir()) == []


class TestListing:
    def test_it_follows_the_plan(self, listed: dict[str, SampleCertificate]) -> None:
        assert list(listed) == [planned.name for planned in PLAN]

    def test_it_names_the_files_of_each(self, listed: dict[str, SampleCertificate]) -> None:
        assert [path.suffix for path in listed["gateway"].files] == [".key", ".p12", ".pem"]
        assert [path.suffix for path in listed["root-ca"].files] == [".key", ".pem"]

    def test_a_certificate_outside_the_plan_comes_last(self, folder: Path, tmp_path: Path) -> None:
        shutil.copy(folder / "gateway.pem", tmp_path / "gateway.pem")
        shutil.copy(folder / "facility-ibw-1.pem", tmp_path / "another.pem")
        assert [(one.name, one.kind) for one in list_sample_pki(tmp_path)] == [
            ("gateway", Kind.PLATFORM),
            ("another", Kind.UNPLANNED),
        ]

    def test_a_folder_without_certificates_is_empty(self, tmp_path: Path) -> None:
        assert list_sample_pki(tmp_path / "absent") == []


class TestCommands:
    def test_sample_says_where_and_with_which_password(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(app, ["sample", "--target", str(copy_keys(tmp_path))])
        assert result.exit_code == 0
        assert "36 certificates" in result.output
        assert "vsb-sample" in result.output

    def test_list_tells_who_and_what_state(self, folder: Path) -> None:
        result = CliRunner().invoke(app, ["list", "--folder", str(folder)], env={"COLUMNS": "160"})
        assert result.exit_code == 0
        lines = result.output.splitlines()
        (at,) = (n for n, line in enumerate(lines) if "bad-revoked" in line)
        entry = " ".join(lines[at : at + 2]).split()
        assert "NIHII-PROT_ACC=72090103" in entry
        assert "revoked" in entry

    def test_list_of_nothing_says_how_to_make_them(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(app, ["list", "--folder", str(tmp_path)])
        assert result.exit_code == 2
        assert "vsb-gateway certs sample" in result.output

    @pytest.mark.parametrize("suffix", ["pem", "p12"])
    def test_show_takes_a_certificate_apart(self, folder: Path, suffix: str) -> None:
        result = CliRunner().invoke(app, ["show", str(folder / f"facility-ibw-1.{suffix}")])
        assert result.exit_code == 0
        assert "BESCHUT WONEN DE BRUG" in result.output
        assert "digitalSignature, nonRepudiation" in result.output

    def test_show_of_something_else_says_what_it_expected(self, folder: Path) -> None:
        result = CliRunner().invoke(app, ["show", str(folder / "README.md")])
        assert result.exit_code == 2
        assert "expected PEM, DER, or PKCS#12" in result.output
