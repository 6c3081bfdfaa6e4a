"""A case file: all that the central application has of some messages, in one ZIP that can be checked without it.

For each message its exact bytes, its life, the decisions, what was delivered and answered, the sender's certificate; for all of
them the audit records about them and the seals over these. manifest.json names every file with its SHA-256, and
manifest.zegel.xml is the gateway's signature over that and over SHA256SUMS. HOE-NAKIJKEN.txt says how to check all of it.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from jinja2 import Environment, FileSystemLoader
from lxml import etree
from sqlalchemy import Connection, Row, select

from gateway.clock import BRUSSELS
from gateway.console.opmaak import dag, euro, insz, tijd
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kern import Gateway
from gateway.diensten.niet_betaald import met_leden
from gateway.reference import lookup
from gateway.refusal import Code, Refusal
from gateway.store import berichten, dossiers
from gateway.store.audit_tables import audit, audit_zegel
from gateway.store.handelingen import AFREKENING, Handeling, handelingen
from gateway.store.inhoud import in_archief, lees_inhoud
from gateway.store.tables import certificaat, geweigerde_lijn, levering, levering_inhoud, poging, zending
from gateway.trust.signing import seal
from gateway.wire.build import moment, sub

ZAAK = "urn:vsb-gateway:zaakdossier:v1"
"""Namespace of the seal on a case file."""
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass
class _Zip:
    """A ZIP under way, that keeps the digest of everything that goes in."""

    zip: zipfile.ZipFile
    op: datetime
    inhoud: list[dict[str, Any]] = field(default_factory=list)

    def schrijf(self, naam: str, octetten: bytes, wat: str) -> None:
        info = zipfile.ZipInfo(naam, self.op.astimezone(BRUSSELS).timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        self.zip.writestr(info, octetten)
        digest = hashlib.sha256(octetten).hexdigest()
        self.inhoud.append({"bestand": naam, "sha256": digest, "octetten": len(octetten), "wat": wat})

    def json(self, naam: str, waarde: object, wat: str) -> None:
        self.schrijf(naam, _json(waarde), wat)


@dataclass(frozen=True, kw_only=True)
class Uitvoer:
    """A case file that was written."""

    manifest_sha256: str
    bestanden: int


def schrijf_zaakdossier(
    gateway: Gateway, doel_bestand: IO[bytes], ids: Sequence[str], *, doel: str, persoon: str, steekproef: Row[Any] | None = None
) -> Uitvoer:
    """Write the case file of some messages.

    Args:
        doel: why it is made; stands in it.
        steekproef: the sample that it is of, whose seed and criteria go along.

    Raises:
        NietGevonden: one of the messages is not there.
    """
    now = gateway.clock()
    with zipfile.ZipFile(doel_bestand, "w") as archief, gateway.store.reading() as conn:
        uit = _Zip(archief, now)
        overzicht = [_bericht(gateway, conn, uit, bericht_id) for bericht_id in ids]
        records, onverzegeld = _keten(conn, uit, ids)
        if steekproef is not None:
            uit.json("steekproef.json", _rij(steekproef), "de steekproef: criteria, zaad en wat getrokken is")
        uit.schrijf("ca-bundle.pem", gateway.settings.ca_bundle.read_bytes(), "certificaten waarmee het zegel te controleren is")
        uit.schrijf("HOE-NAKIJKEN.txt", (_TEMPLATES / "hoe-nakijken.txt").read_bytes(), "hoe dit dossier na te kijken is")
        kop = {"gemaakt_op": moment(now), "door": persoon, "doel": doel, "berichten": list(ids)}
        uit.schrijf("index.html", _index(kop, overzicht, records, onverzegeld, uit.inhoud), "dit leesbare overzicht")
        manifest = _json({**kop, "bestanden": uit.inhoud})
        digest = hashlib.sha256(manifest).hexdigest()
        uit.schrijf("manifest.json", manifest, "alle bestanden met hun SHA-256")
        sommen = "".join(f"{b['sha256']}  {b['bestand']}\n" for b in uit.inhoud).encode()
        uit.schrijf("SHA256SUMS", sommen, "dezelfde SHA-256 voor sha256sum")
        zegel = _zegel(gateway, digest, hashlib.sha256(sommen).hexdigest(), now)
        uit.schrijf("manifest.zegel.xml", zegel, "handtekening van de gateway over manifest.json en SHA256SUMS")
        return Uitvoer(manifest_sha256=digest, bestanden=len(uit.inhoud))


def _bericht(gateway: Gateway, conn: Connection, uit: _Zip, bericht_id: str) -> dict[str, Any]:
    row = berichten.zoek(conn, bericht_id)
    if row is None:
        raise NietGevonden
    map_ = f"berichten/{bericht_id}"
    try:
        content_type, octetten = berichten.inhoud(conn, bericht_id)
        uit.schrijf(f"{map_}/{_naam(content_type)}", octetten, f"het bericht, octet voor octet ({content_type})")
        waar = None
    except Refusal as refusal:
        if refusal.code is not Code.ARCHIVED:
            raise
        waar = in_archief(conn, bericht_id)
    if row.antwoord is not None:
        uit.schrijf(f"{map_}/antwoord.xml", bytes(row.antwoord), "het eerste antwoord, met het ondertekende ontvangstbewijs")
    leven = [_rij(s) for s in berichten.levensloop(conn, bericht_id)]
    besluiten = [_rij(b) for b in dossiers.beslissingen(conn, bericht_id)]
    gedaan = [_handeling(h) for h in handelingen(conn, bericht_id)]
    gegevens = {k: v for k, v in _rij(row).items() if k != "antwoord"}
    uit.json(f"{map_}/bericht.json", gegevens, "wat de centrale toepassing van het bericht bijhoudt")
    uit.json(f"{map_}/leven.json", leven, "de levensloop: elke stap met tijdstip en actor")
    uit.json(f"{map_}/beslissingen.json", besluiten, "elke beslissing, met elke regel die gecontroleerd is")
    if gedaan:
        uit.json(f"{map_}/handelingen.json", gedaan, "wat de zorgkas deed, en in wiens persoon")
    facturatie = _zending(gateway, conn, uit, map_, bericht_id)
    lid = None if row.insz is None else lookup.persoon(conn, row.insz)
    voorziening = None if row.voorziening is None else lookup.voorziening(conn, row.voorziening)
    _certificaat(conn, uit, map_, row.certificaat_sha256)
    leveringen = list(_leveringen(conn, uit, map_, bericht_id))
    return {
        "row": row,
        "map": map_,
        "leven": leven,
        "beslissingen": besluiten,
        "handelingen": gedaan,
        "leveringen": leveringen,
        "zending": facturatie,
        "persoon": None if lid is None else f"{lid.voornaam} {lid.naam}",
        "voorziening": None if voorziening is None else voorziening.naam,
        "archief": waar,
    }


def _handeling(handeling: Handeling) -> dict[str, Any]:
    """An act, with its words called what they are."""
    velden = asdict(handeling)
    if handeling.soort == AFREKENING:
        velden["betaalreferentie"] = velden.pop("motivering")
    return velden


def _zending(gateway: Gateway, conn: Connection, uit: _Zip, map_: str, bericht_id: str) -> dict[str, Any] | None:
    row = conn.execute(select(zending).where(zending.c.bericht_id == bericht_id)).first()
    if row is None:
        return None
    lijn = geweigerde_lijn.c
    rows = conn.execute(select(geweigerde_lijn).where(lijn.bericht_id == bericht_id).order_by(lijn.id)).all()
    lijnen = [asdict(x) for x in met_leden(gateway, conn, bericht_id, rows)]
    inhoud = {**_rij(row), "geweigerde_lijnen": lijnen}
    uit.json(f"{map_}/zending.json", inhoud, "de zending: bedragen, afrekening en geweigerde records")
    return inhoud


def _certificaat(conn: Connection, uit: _Zip, map_: str, sha256: str) -> None:
    der = conn.execute(select(certificaat.c.der).where(certificaat.c.sha256 == sha256)).scalar()
    if der is not None:
        uit.schrijf(f"{map_}/certificaat.der", bytes(der), "het certificaat waarmee de afzender zich bewees")


def _leveringen(conn: Connection, uit: _Zip, map_: str, bericht_id: str) -> Iterator[dict[str, Any]]:
    rows = conn.execute(select(levering).where(levering.c.bericht_id == bericht_id).order_by(levering.c.nr)).all()
    for n, row in enumerate(rows, 1):
        velden = _rij(row)
        pogingen = conn.execute(select(poging).where(poging.c.levering_id == row.id).order_by(poging.c.id))
        velden["pogingen_"] = [_rij(p) for p in pogingen]
        try:
            octetten = bytes(lees_inhoud(conn, levering_inhoud, [row.id])[row.id].octetten)
            velden["bestand"] = f"{map_}/leveringen/{n:02d}-{_veilig(row.message_name)}{_achtervoegsel(octetten)}"
            uit.schrijf(velden["bestand"], octetten, f"geleverd aan {row.bestemming}: {row.message_name}")
        except Refusal as refusal:
            if refusal.code is not Code.ARCHIVED:
                raise
            velden["bestand"] = None
        uit.json(f"{map_}/leveringen/{n:02d}-levering.json", velden, "de levering, haar pogingen en het ontvangstbewijs")
        yield velden


def _keten(conn: Connection, uit: _Zip, ids: Sequence[str]) -> tuple[list[dict[str, Any]], list[date]]:
    """The audit records about these messages with the seals of the days they stand in, and the days that have no seal yet."""
    records = [_rij(r) for r in conn.execute(select(audit).where(audit.c.onderwerp.in_(ids)).order_by(audit.c.volgnr))]
    if not records:
        return [], []
    uit.json("audit/records.json", records, "de auditketen over deze berichten; elke hash bindt het record ervoor")
    dagen = {datetime.fromisoformat(str(r["tijdstip"])).astimezone(BRUSSELS).date() for r in records}
    onverzegeld = set(dagen)
    for een in sorted(dagen | {d + timedelta(days=1) for d in dagen}):
        document = conn.execute(select(audit_zegel.c.document).where(audit_zegel.c.dag == een)).scalar()
        if document is not None:
            onverzegeld.discard(een)
            uit.schrijf(f"audit/zegel-{een}.xml", bytes(document), f"ondertekend zegel over de auditketen tot en met {een}")
    return records, sorted(onverzegeld)


def _zegel(gateway: Gateway, digest: str, sommen: str, now: datetime) -> bytes:
    element = etree.Element(f"{{{ZAAK}}}Zaakdossierzegel", nsmap={None: ZAAK})
    sub(element, ZAAK, "ManifestSha256", digest)
    sub(element, ZAAK, "SommenSha256", sommen)
    sub(element, ZAAK, "GemaaktOp", moment(now))
    return seal(element, gateway.signer, now)


def _index(
    kop: dict[str, Any],
    overzicht: list[dict[str, Any]],
    records: list[dict[str, Any]],
    onverzegeld: list[date],
    inhoud: list[Any],
) -> bytes:
    # Everything from a message is hostile text, also in a page that is opened from a folder.
    omgeving = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    omgeving.filters |= {"euro": euro, "dag": dag, "insz": insz, "tijd": _leesbaar}
    pagina = omgeving.get_template("zaakdossier.html")
    gegeven = {"kop": kop, "berichten": overzicht, "audit": records, "onverzegeld": onverzegeld, "bestanden": inhoud}
    return pagina.render(**gegeven).encode()


def _leesbaar(waarde: datetime | str | None) -> str:
    """A moment, or how it is kept in JSON, in Brussels time."""
    return tijd(datetime.fromisoformat(waarde) if isinstance(waarde, str) else waarde)


def _rij(row: Row[Any]) -> dict[str, Any]:
    return {naam: _waarde(waarde) for naam, waarde in row._mapping.items()}


def _waarde(waarde: object) -> object:
    if isinstance(waarde, datetime):
        return moment(waarde)
    if isinstance(waarde, date):
        return waarde.isoformat()
    return waarde.hex() if isinstance(waarde, bytes) else waarde


def _json(waarde: object) -> bytes:
    return (json.dumps(waarde, ensure_ascii=False, indent=2, default=_waarde) + "\n").encode()


def _naam(content_type: str) -> str:
    return "bericht.mime" if content_type.lower().startswith("multipart/") else "bericht.xml"


def _achtervoegsel(octetten: bytes) -> str:
    return ".xml" if octetten.lstrip()[:1] == b"<" else ".txt"


def _veilig(naam: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in naam)[:60]
