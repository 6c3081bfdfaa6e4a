"""Addresses of zorgkassen: what is read from each form, and that the register takes each."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from gateway.reference import lookup
from gateway.reference.adres import S3Adres, SftpAdres, map_adres, s3_adres, sftp_adres
from gateway.reference.laden import laad
from gateway.reference.model import Levering
from tests.reference.conftest import VANDAAG, Schrijver


def test_a_folder_is_an_absolute_path_with_its_signs_decoded() -> None:
    assert map_adres("file:///srv/zorgkas%20180/vsb/") == "/srv/zorgkas 180/vsb"


@pytest.mark.parametrize(
    "endpoint",
    ["file:///srv/%2e%2e/etc", "file:///srv/a%00b", "file:///srv/a%2F..%2Fb", "file:", "file:///srv?x", "file:///srv#x"],
)
def test_a_path_that_hides_something_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match=r"file|path"):
        map_adres(endpoint)


def test_a_server_has_port_22_unless_another_is_named() -> None:
    assert sftp_adres("sftp://vsb@sftp.kas.example/in/vsb") == SftpAdres(
        gebruiker="vsb", host="sftp.kas.example", poort=22, pad="/in/vsb"
    )
    assert sftp_adres("sftp://vsb@[2001:db8::1]:2222/in").host == "2001:db8::1"
    assert sftp_adres("sftp://vsb@[2001:db8::1]:2222/in").poort == 2222


def test_a_prefix_in_a_bucket_ends_with_a_slash_or_is_empty() -> None:
    assert s3_adres("s3://kas-180/a/b") == S3Adres(bucket="kas-180", prefix="a/b/")
    assert s3_adres("s3://kas-180/a/b/") == S3Adres(bucket="kas-180", prefix="a/b/")
    assert s3_adres("s3://kas-180") == s3_adres("s3://kas-180/") == S3Adres(bucket="kas-180", prefix="")


@pytest.mark.parametrize(
    ("levering", "endpoint"),
    [
        (Levering.PULL, None),
        (Levering.SOAP, "https://kas.example/vsb"),
        (Levering.MAP, "file:///srv/kas"),
        (Levering.SFTP, "sftp://vsb@kas.example:2222/vsb"),
        (Levering.S3, "s3://kas-180/vsb"),
    ],
)
def test_a_zorgkas_can_be_registered_for_every_way_of_delivering(
    geladen: Engine, schrijf: Schrijver, levering: Levering, endpoint: str | None
) -> None:
    rij = f"180;CM Zorgkas;0900118032;{levering.value};{endpoint or ''};ja"
    bestand = schrijf("zorgkassen.csv", f"code;naam;kbo;levering;endpoint;actief\n{rij}\n")
    assert laad(geladen, [bestand], VANDAAG).geschreven
    with geladen.connect() as conn:
        found = lookup.zorgkas(conn, "180")
    assert found is not None
    assert (found.levering, found.endpoint) == (levering, endpoint)
