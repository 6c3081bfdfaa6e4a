"""A case file of a message whose bytes went to the archive says where they are; once the month is put back it has them again."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.app import make_gateway
from gateway.diensten.zaakdossier import schrijf_zaakdossier
from gateway.settings import Settings
from gateway.store.archief import archiveer, gesloten_voor
from gateway.store.archief_tables import archief
from gateway.store.archief_terug import zet_terug
from gateway.store.engine import make_engine
from gateway.store.migrate import upgrade
from gateway.store.tables import bericht
from gateway.trust.sealed import verify_sealed
from tests.store.maanden import JAN, NU, kast, vul

pytestmark = pytest.mark.both_engines
UNNAMED = {"manifest.json", "manifest.zegel.xml", "SHA256SUMS"}


def test_the_case_file_of_an_archived_message_names_the_file_that_has_its_bytes(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    upgrade(make_engine(url))
    gateway = make_gateway(Settings(database_url=url))
    vul(gateway.store, JAN, 2)
    with gateway.store.reading() as conn:
        ids = list(conn.execute(select(bericht.c.id).order_by(bericht.c.id)).scalars())
        digests = {r.id: r.sha256 for r in conn.execute(select(bericht.c.id, bericht.c.sha256))}

    def case_file() -> zipfile.ZipFile:
        made = io.BytesIO()
        schrijf_zaakdossier(gateway, made, ids, doel="nazicht", persoon="account:cis (controleur)")
        found = zipfile.ZipFile(made)
        manifest = found.read("manifest.json")
        named = {b["bestand"]: b["sha256"] for b in json.loads(manifest)["bestanden"]}
        assert named == {n: hashlib.sha256(found.read(n)).hexdigest() for n in found.namelist() if n not in UNNAMED}
        sealed = verify_sealed(found.read("manifest.zegel.xml"), gateway.trust.accept, gateway.clock())
        assert sealed.content[0].text == hashlib.sha256(manifest).hexdigest()
        return found

    def bytes_in(found: zipfile.ZipFile) -> dict[str, str]:
        names = {n.split("/")[1]: n for n in found.namelist() if n.endswith("/bericht.xml")}
        return {i: hashlib.sha256(found.read(n)).hexdigest() for i, n in names.items()}

    assert bytes_in(case_file()) == digests
    box = kast(gateway.store, tmp_path / "archive")
    list(archiveer(box, gesloten_voor(NU, 24)))
    with gateway.store.reading() as conn:
        file = conn.execute(select(archief.c.bestand)).scalar_one()
    archived = case_file()
    assert bytes_in(archived) == {}
    assert archived.read("index.html").decode().count(f"<code>{file}</code>") == len(ids)
    assert f"berichten/{ids[0]}/leven.json" in archived.namelist()
    zet_terug(box, JAN)
    assert bytes_in(case_file()) == digests
