"""A message that somebody pastes or uploads on a screen: what the checks would say of it. Nothing is kept.

A signed envelope goes the way of the dry run (proef.py). Of what comes without one, the facility of who is logged in stands for
the sender; what only an envelope can prove is told as not checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree
from lxml.etree import _Element as Element

from gateway.berichten.aanvraag import lees_aanvraag
from gateway.berichten.intrekking import Intrekking
from gateway.berichten.names import AANVRAAG, FACTUUR
from gateway.berichten.plat_lezen import is_plat
from gateway.central.aanvraag import beoordeel_aanvraag
from gateway.central.model import Uitkomst
from gateway.diensten.kern import Gateway
from gateway.diensten.opmerkingen import Opmerking, van_finding, van_fout, van_reden
from gateway.diensten.proef_envelop import dienst_van, kijk_na
from gateway.diensten.proef_inzage import Proefvraag
from gateway.diensten.toelating import gegevens, toelaten
from gateway.diensten.zending_intrekken import beoordeel
from gateway.diensten.zending_lezen import lees_als_intrekking, lees_of_fouten, over_de_blob
from gateway.diensten.zending_oordeel import Inhoudelijk, Inzending, Technisch, oordeel
from gateway.refusal import Code, Finding, Refusal
from gateway.schema import registry
from gateway.wire.content import Content
from gateway.wire.envelope import envelope_of
from gateway.wire.generic import Origin, read_post
from gateway.wire.names import GENERIC_ASYNC, SOAP, q
from gateway.wire.parser import Bounds, parse

MAX_OCTETS = 8 * 1024 * 1024
_BOUNDS = Bounds(octets=MAX_OCTETS)
_VREEMD = "personen zonder dossier bij uw voorziening"
_ENVELOP = ("envelop en handtekening", "certificaat", "licentie of attest van de software")


@dataclass(frozen=True, kw_only=True)
class Proefuitslag:
    """What the checks say of a message that was only tried."""

    soort: str
    """aanvraag, zending, intrekking, or bericht when it can not be told."""
    uitkomst: str
    """aanvaard, geweigerd, in_beraad; schema when it was only checked against its schema."""
    opmerkingen: tuple[Opmerking, ...]
    gedaan: tuple[str, ...]
    """What was checked."""
    niet_gedaan: tuple[str, ...] = ()
    """What could not be checked this way."""
    ondertekend: bool = False
    label: str | None = None
    gevraagd: int | None = None
    """Cents, as the other amounts."""
    aanvaard: int | None = None
    geweigerd: int | None = None
    payload: Element | None = None
    """What the places in the remarks are places in; None of a flat file, or of what is no XML."""
    plat: bytes | None = None
    """The flat file."""


def probeer(gateway: Gateway, octetten: bytes, voorzieningen: Sequence[str], now: datetime) -> Proefuitslag:
    """Run the checks over what somebody gave.

    Whom it is about is on record before they answer (proef_inzage).

    Args:
        voorzieningen: RIZIV numbers, of 8 or 11 digits, that who is logged in speaks for; none: only the schema and what is
            signed are checked, since the answers would tell about persons.

    Raises:
        Refusal: BUSY, when the facility tried about too many persons today; UNAVAILABLE.
    """
    gateway.check_clock()
    if len(octetten) > MAX_OCTETS:
        groot = Refusal(Code.TOO_LARGE, expected=f"hoogstens {MAX_OCTETS} octetten", found=f"{len(octetten)} octetten")
        return _geweigerd("bericht", groot)
    if is_plat(octetten[:6]):
        return _zending(gateway, Content.plain(octetten), voorzieningen, now)
    try:
        root = parse(octetten, _BOUNDS)
    except Refusal as refusal:
        return _onleesbaar(octetten, refusal)
    if root.tag == q(SOAP, "Envelope"):
        return _envelop(gateway, root, octetten, voorzieningen, now)
    return _los(gateway, root, octetten, voorzieningen, now)


_WAT = "een aanvraag, zending, intrekking of vraag in XML, een hele ondertekende SOAP-envelop, of een vlak facturatiebestand"
_SOORTEN = ((b"\x89PNG", "een afbeelding (PNG)"), (b"\xff\xd8\xff", "een afbeelding (JPEG)"), (b"%PDF", "een PDF"))
_PAKKET = ((b"PK\x03\x04", "een zip-bestand"), (b"\x1f\x8b", "een gzip-bestand"))


def _onleesbaar(octetten: bytes, refusal: Refusal) -> Proefuitslag:
    """Of what is not XML: what it is not, and what is taken here."""
    uitslag = _geweigerd("bericht", refusal, gedaan=("welgevormde XML",))
    begin = octetten.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if refusal.code not in (Code.NOT_XML, Code.ENCODING):
        return uitslag
    if begin == b"<":
        remedie = "Verbeter de XML op deze plaats."
        return replace(uitslag, opmerkingen=tuple(replace(o, remedie=remedie) for o in uitslag.opmerkingen))
    return replace(
        uitslag,
        opmerkingen=tuple(
            replace(
                o,
                tekst="Dit is geen XML en geen vlak bestand.",
                tekst_en="This is no XML and no flat file.",
                plaats=None,
                regel=None,
                verwacht=f"{_WAT}; XML begint met <, een vlak bestand met zes cijfers",
                gevonden=_lijkt_op(octetten),
                remedie="Plak of kies het bericht zelf, niet een schermafdruk, een archief of een beschrijving ervan.",
            )
            for o in uitslag.opmerkingen
        ),
    )


def _lijkt_op(octetten: bytes) -> str:
    for begin, naam in (*_SOORTEN, *_PAKKET):
        if octetten.startswith(begin):
            return naam
    try:
        tekst = octetten.decode()
    except UnicodeDecodeError:
        return f"{len(octetten)} octetten die geen UTF-8 zijn"
    leesbaar = all(c.isprintable() or c.isspace() for c in tekst)
    return f"tekst van {len(tekst)} tekens" if leesbaar else f"{len(octetten)} octetten die geen tekst zijn"


def _envelop(gateway: Gateway, root: Element, raw: bytes, voorzieningen: Sequence[str], now: datetime) -> Proefuitslag:
    try:
        envelope = envelope_of(root, raw)
    except Refusal as refusal:
        return replace(_geweigerd("bericht", refusal, gedaan=("envelop",)), payload=root)
    dienst = dienst_van(envelope)
    if dienst is None:
        los = _los(gateway, envelope.payload, etree.tostring(envelope.payload), voorzieningen, now)
        return replace(los, niet_gedaan=(*los.niet_gedaan, *(n for n in _ENVELOP if n not in los.niet_gedaan)))
    # What is wrong with the envelope does not hide what else is wrong.
    envelop = kijk_na(gateway, dienst, envelope, now)
    bezwaren = tuple(map(van_finding, envelop.bevindingen))
    rest = _binnenin(gateway, envelope.payload, voorzieningen, now, bewezen=not bezwaren)
    gedaan, niet_gedaan = (_ENVELOP[:2], ()) if envelop.nagekeken else ((), _ENVELOP[:2])
    uitkomst = Uitkomst.GEWEIGERD.value if bezwaren else rest.uitkomst
    dubbel = {(o.code, o.plaats) for o in rest.opmerkingen}
    return replace(
        rest,
        ondertekend=envelop.nagekeken,
        uitkomst=uitkomst,
        opmerkingen=(*(b for b in bezwaren if (b.code, b.plaats) not in dubbel), *rest.opmerkingen),
        gedaan=(*gedaan, *rest.gedaan),
        niet_gedaan=(*niet_gedaan, *(n for n in rest.niet_gedaan if n not in _ENVELOP[:2])),
        payload=rest.payload if envelope.payload.tag == q(GENERIC_ASYNC, "post") else root,
    )


def _binnenin(gateway: Gateway, payload: Element, voorzieningen: Sequence[str], now: datetime, *, bewezen: bool) -> Proefuitslag:
    if payload.tag != q(GENERIC_ASYNC, "post"):
        return _los(gateway, payload, etree.tostring(payload), voorzieningen, now)
    try:
        registry.check(payload, place="/Envelope/Body")
        post = read_post(payload, max_blob=min(gateway.settings.max_blob, MAX_OCTETS))
    except Refusal as refusal:
        return replace(_geweigerd("zending", refusal, gedaan=("schema van de post",)), payload=payload)
    content, origin = post.blob.content, post.origin if bewezen else None
    if is_plat(content.head(6)):
        return _zending(gateway, content, voorzieningen, now, origin)
    try:
        root = parse(content.whole(), _BOUNDS)
    except Refusal as refusal:
        fouten = over_de_blob(refusal)
        return replace(
            _geweigerd("zending", refusal, gedaan=("welgevormde XML in de blob",)), opmerkingen=tuple(map(van_fout, fouten))
        )
    return replace(_zending(gateway, content, voorzieningen, now, origin), payload=root)


def _los(gateway: Gateway, root: Element, octetten: bytes, voorzieningen: Sequence[str], now: datetime) -> Proefuitslag:
    """A payload without an envelope."""
    if etree.QName(root).namespace == FACTUUR:
        return replace(_zending(gateway, Content.plain(octetten), voorzieningen, now), payload=root)
    try:
        registry.check(root)
    except Refusal as refusal:
        return replace(_geweigerd("bericht", refusal, gedaan=("schema",)), payload=root)
    if root.tag == q(AANVRAAG, "IndienenRequest") and voorzieningen:
        return replace(_aanvraag(gateway, root, voorzieningen, now), payload=root)
    return Proefuitslag(
        soort="bericht", uitkomst="schema", opmerkingen=(), gedaan=("schema",), niet_gedaan=("inhoud",), payload=root
    )


def _aanvraag(gateway: Gateway, root: Element, voorzieningen: Sequence[str], now: datetime) -> Proefuitslag:
    aanvraag = lees_aanvraag(root)
    hoofding = aanvraag.hoofding
    try:
        cookbook = gateway.cookbook(hoofding.pijler, "/IndienenRequest/Aanvraag/Hoofding/Pijler")
        gateway.check_environment(hoofding.test, "/IndienenRequest/Aanvraag/Hoofding/Test")
        _check_zelf(hoofding.afzender.riziv, voorzieningen, "/IndienenRequest/Aanvraag/Hoofding/Afzender/RizivNummer")
        Proefvraag.van_voorziening(hoofding.afzender.riziv, now).over_een(gateway.store, aanvraag.insz, now)
        with gateway.store.reading() as conn:
            register = gateway.register.nu(conn)
            context = gegevens(conn, register, now, aanvraag, cookbook)
            toelaten(conn, register, aanvraag, context)
    except Refusal as refusal:
        if refusal.code is Code.BUSY:
            raise
        return _geweigerd("aanvraag", refusal, gedaan=("schema", "toelating"), niet_gedaan=_ENVELOP[:2])
    beslissing = beoordeel_aanvraag(aanvraag, context, cookbook)
    return Proefuitslag(
        soort="aanvraag",
        uitkomst=beslissing.uitkomst.value,
        opmerkingen=tuple(map(van_reden, beslissing.redenen)),
        gedaan=("schema", "toelating", *beslissing.gecontroleerd),
        niet_gedaan=_ENVELOP[:2],
    )


def _zending(
    gateway: Gateway, content: Content, voorzieningen: Sequence[str], now: datetime, origin: Origin | None = None
) -> Proefuitslag:
    plat = is_plat(content.head(6))
    vorm = "vlak bestand" if plat else "schema"
    intrekking = lees_als_intrekking(content)
    zending, fouten = (None, None) if intrekking is not None else lees_of_fouten(content)
    basis = Proefuitslag(
        soort="zending" if intrekking is None else "intrekking",
        uitkomst=Uitkomst.GEWEIGERD.value,
        opmerkingen=tuple(map(van_fout, fouten or ())),
        gedaan=(vorm,),
        niet_gedaan=_ENVELOP if origin is None else (),
        plat=content.whole() if plat else None,
    )
    if fouten:
        return basis
    if not voorzieningen:
        return replace(basis, uitkomst="schema", niet_gedaan=("inhoud", *_ENVELOP))
    if intrekking is not None:
        return _intrekking(gateway, intrekking, voorzieningen, basis)
    if zending is None:
        return basis
    derde = zending.derdebetalende
    afzender = derde if _zelf(derde, voorzieningen) else voorzieningen[0].ljust(11, "0")
    inzending = Inzending(zending=zending, origin=origin, voorziening=afzender, ontvangen_op=now, alleen_eigen=True)
    try:
        Proefvraag.van_voorziening(afzender, now).over_velen(gateway.store, {f.insz for f in zending.facturen}, now)
    except Refusal as refusal:
        return replace(basis, opmerkingen=tuple(map(van_finding, refusal.findings)))
    with gateway.store.reading() as conn:
        gevonden = oordeel(conn, gateway.cookbooks, inzending)
    if gevonden.vreemd:
        basis = replace(basis, niet_gedaan=(_VREEMD, *basis.niet_gedaan))
        if isinstance(gevonden, Technisch) and not gevonden.fouten:
            return replace(basis, uitkomst="schema", gedaan=(*basis.gedaan, "toelating"))
    if not isinstance(gevonden, Inhoudelijk):
        return replace(basis, opmerkingen=tuple(map(van_fout, gevonden.fouten)), gedaan=(*basis.gedaan, "toelating"))
    resultaat = gevonden.resultaat
    return replace(
        basis,
        uitkomst=resultaat.uitkomst.value,
        label=resultaat.label,
        opmerkingen=tuple(map(van_fout, resultaat.fouten)),
        gedaan=(*basis.gedaan, "toelating", *resultaat.gecontroleerd),
        gevraagd=resultaat.gevraagd,
        aanvaard=resultaat.aanvaard,
        geweigerd=resultaat.geweigerd,
    )


def _intrekking(gateway: Gateway, intrekking: Intrekking, voorzieningen: Sequence[str], basis: Proefuitslag) -> Proefuitslag:
    try:
        _check_zelf(intrekking.derdebetalende, voorzieningen, "/Intrekking/Derdebetalende")
        with gateway.store.reading() as conn:
            beoordeel(gateway, conn, intrekking, intrekking.derdebetalende)
    except Refusal as refusal:
        return replace(basis, opmerkingen=tuple(map(van_finding, refusal.findings)))
    return replace(basis, uitkomst=Uitkomst.AANVAARD.value, gedaan=(*basis.gedaan, "intrekking"))


def _zelf(riziv: str, voorzieningen: Sequence[str]) -> bool:
    return any(riziv[: len(v)] == v for v in voorzieningen)


def _check_zelf(riziv: str, voorzieningen: Sequence[str], plaats: str) -> None:
    """Only the facility's own messages: another's dossiers would answer.

    Raises:
        Refusal: CROSSCHECK.
    """
    if not _zelf(riziv, voorzieningen):
        info = Code.CROSSCHECK.info
        eigen = Finding(
            code=info.code,
            nl="Dit bericht is van een andere voorziening dan die waarvoor u aangemeld bent.",
            en="This message is of another facility than the one that you are logged in for.",
            place=plaats,
            expected="RIZIV-nummer " + " of ".join(v if len(v) > 8 else f"{v}…" for v in voorzieningen),
            found=_in_die_vorm(riziv, voorzieningen),
            remedy="Probeer een bericht van uw eigen voorziening, of meld u aan voor die van dit bericht.",
        )
        raise Refusal(Code.CROSSCHECK, findings=(eigen,))


def _in_die_vorm(riziv: str, voorzieningen: Sequence[str]) -> str:
    """A RIZIV number with as many digits as those it is held against."""
    lengte = max(map(len, voorzieningen), default=len(riziv))
    return f"{riziv[:lengte]}…" if lengte < len(riziv) else riziv[:11]


def _geweigerd(
    soort: str, refusal: Refusal, *, gedaan: tuple[str, ...] = (), niet_gedaan: tuple[str, ...] = ("inhoud",)
) -> Proefuitslag:
    return Proefuitslag(
        soort=soort,
        uitkomst=Uitkomst.GEWEIGERD.value,
        opmerkingen=tuple(map(van_finding, refusal.findings)),
        gedaan=gedaan,
        niet_gedaan=niet_gedaan,
    )
