"""The generic checks on an aanvraag; a cookbook chooses them by name and gives them code, effect and parameters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from gateway.berichten.aanvraag import Aanvraag, EindeVerblijf, StartVerblijf
from gateway.central.bevinding import AANTAL, TEKSTEN, Bevinding, controle
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.identificatie import geldig_insz, riziv_modulus
from gateway.central.model import AanvraagContext, Verblijf

_WORTEL = "/IndienenRequest/Aanvraag"


def _op(aanvraag: Aanvraag, pad: str, verwacht: str | None = None, gevonden: str | None = None) -> Bevinding:
    return Bevinding(
        plaats=f"{_WORTEL}/{pad}", regel=aanvraag.regels.get(pad.rpartition("/")[2]), verwacht=verwacht, gevonden=gevonden
    )


def _start(aanvraag: Aanvraag) -> StartVerblijf:
    if not isinstance(aanvraag.kennisgeving, StartVerblijf):
        raise TypeError("this check looks at a StartVerblijf only")
    return aanvraag.kennisgeving


def _einde(aanvraag: Aanvraag) -> EindeVerblijf:
    if not isinstance(aanvraag.kennisgeving, EindeVerblijf):
        raise TypeError("this check looks at an EindeVerblijf only")
    return aanvraag.kennisgeving


def _dossier(aanvraag: Aanvraag, context: AanvraagContext) -> Verblijf | None:
    kennisgeving = aanvraag.kennisgeving
    if isinstance(kennisgeving, StartVerblijf):
        return None
    gezocht = (kennisgeving.dossiernummer, aanvraag.voorziening, aanvraag.hoofding.pijler)
    return next((v for v in context.verblijven if (v.dossiernummer, v.voorziening, v.pijler) == gezocht), None)


@controle("aanvraag")
def insz_controlegetal(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if not geldig_insz(aanvraag.insz):
        yield _op(aanvraag, "Gebruiker/Insz", "INSZ of bisnummer met juist controlegetal", "11 cijfers, controlegetal fout")


@controle("aanvraag")
def riziv_controlegetal(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if riziv_modulus(aanvraag.voorziening) is None:
        yield _op(aanvraag, "Voorziening", "RIZIV-nummer met juist controlegetal", "11 cijfers, controlegetal fout")


@controle("aanvraag", "StartVerblijf")
def ingangsdatum(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    dag = _start(aanvraag).startdatum
    if dag < cookbook.ingangsdatum:
        yield _op(aanvraag, "StartVerblijf/Startdatum", f"{cookbook.ingangsdatum} of later", f"{dag}")


@controle("aanvraag", "StartVerblijf", dagen=AANTAL)
def start_in_toekomst(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    dag, uiterste = _start(aanvraag).startdatum, context.vandaag + timedelta(days=regel.parameters["dagen"])
    if dag > uiterste:
        yield _op(aanvraag, "StartVerblijf/Startdatum", f"{uiterste} of vroeger", f"{dag}")


@controle("aanvraag", "StartVerblijf", kalenderdagen=AANTAL)
def laattijdig(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    dag, termijn = _start(aanvraag).startdatum, regel.parameters["kalenderdagen"]
    verlopen = (context.vandaag - dag).days
    if verlopen > termijn:
        yield _op(
            aanvraag, "StartVerblijf/Startdatum", f"kennisgeving binnen {termijn} kalenderdagen", f"{verlopen} dagen na de start"
        )


@controle("aanvraag", "StartVerblijf")
def type_verblijf_gekend(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    gevonden = _start(aanvraag).type_verblijf
    if gevonden not in cookbook.types_verblijf:
        yield _op(aanvraag, "StartVerblijf/TypeVerblijf", ", ".join(cookbook.types_verblijf), f"tekst van {len(gevonden)} tekens")


@controle("aanvraag")
def persoon_gekend(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if context.persoon is None and geldig_insz(aanvraag.insz):
        yield _op(aanvraag, "Gebruiker/Insz", "een persoon die bij een zorgkas gekend is", "onbekend INSZ")


@controle("aanvraag", "StartVerblijf")
def aansluiting_mogelijk(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    persoon = context.persoon
    if persoon is not None and not persoon.aansluiting_mogelijk and persoon.aansluiting_op(_start(aanvraag).startdatum) is None:
        yield _op(aanvraag, "Gebruiker/Insz", "een persoon die kan aansluiten", "geen aansluiting mogelijk")


@controle("aanvraag", "StartVerblijf")
def aangesloten(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    persoon, dag = context.persoon, _start(aanvraag).startdatum
    if persoon is not None and persoon.aansluiting_mogelijk and persoon.aansluiting_op(dag) is None:
        yield _op(aanvraag, "StartVerblijf/Startdatum", f"aangesloten op {dag}", "geen aansluiting op die dag")


@controle("aanvraag", "StartVerblijf")
def overleden(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    persoon, dag = context.persoon, _start(aanvraag).startdatum
    if persoon is not None and persoon.overlijdensdatum is not None and persoon.overlijdensdatum < dag:
        yield _op(aanvraag, "StartVerblijf/Startdatum", "een dag voor het overlijden", f"{dag}")


@controle("aanvraag", "StartVerblijf")
def dubbel_verblijf(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    start = _start(aanvraag).startdatum
    for ander in context.verblijven:
        eigen = ander.voorziening == aanvraag.voorziening and ander.pijler == aanvraag.hoofding.pijler
        if eigen and ander.telt and ander.overlapt(start, None):
            yield _op(
                aanvraag, "StartVerblijf/Startdatum", "geen lopend verblijf in deze voorziening", f"dossier {ander.dossiernummer}"
            )


@controle("aanvraag", "StartVerblijf", pijlers=TEKSTEN)
def overlappend_verblijf(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    start, pijlers = _start(aanvraag).startdatum, regel.parameters["pijlers"]
    for ander in context.verblijven:
        elders = ander.voorziening != aanvraag.voorziening and ("*" in pijlers or ander.pijler in pijlers)
        # The day of moving may count at both facilities (facts vsb.md §5.7).
        if elders and ander.telt and ander.overlapt(start + timedelta(days=1), None):
            tot = "lopend" if ander.einde is None else f"tot {ander.einde}"
            yield _op(
                aanvraag,
                "StartVerblijf/Startdatum",
                "geen verblijf elders, de verhuisdag niet meegerekend",
                f"verblijf elders, {tot}",
            )


@controle("aanvraag", "EindeVerblijf", "Annulering")
def dossier_gekend(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if _dossier(aanvraag, context) is None:
        yield _op(aanvraag, f"{aanvraag.soort}/Dossiernummer", "een dossier van deze persoon in deze voorziening", "onbekend")


@controle("aanvraag", "EindeVerblijf", "Annulering")
def dossier_loopt(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    dossier = _dossier(aanvraag, context)
    if dossier is not None and (
        not dossier.telt or (isinstance(aanvraag.kennisgeving, EindeVerblijf) and dossier.einde is not None)
    ):
        stand = dossier.status if dossier.einde is None else f"beëindigd op {dossier.einde}"
        yield _op(aanvraag, f"{aanvraag.soort}/Dossiernummer", "een lopend dossier", stand)


@controle("aanvraag", "EindeVerblijf")
def einde_na_start(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    dossier, dag = _dossier(aanvraag, context), _einde(aanvraag).einddatum
    if dossier is not None and dag < dossier.start:
        yield _op(aanvraag, "EindeVerblijf/Einddatum", f"{dossier.start} of later", f"{dag}")


@controle("aanvraag", "EindeVerblijf")
def einde_in_toekomst(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    dag = _einde(aanvraag).einddatum
    if dag > context.vandaag:
        yield _op(aanvraag, "EindeVerblijf/Einddatum", f"{context.vandaag} of vroeger", f"{dag}")


@controle("aanvraag", "EindeVerblijf")
def reden_einde_gekend(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    reden = _einde(aanvraag).reden
    if reden not in cookbook.redenen_einde:
        yield _op(aanvraag, "EindeVerblijf/Reden", ", ".join(cookbook.redenen_einde), f"tekst van {len(reden)} tekens")


@controle("aanvraag", "EindeVerblijf")
def gefactureerd_na_einde(aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    einde = _einde(aanvraag)
    laatste = context.laatst_gefactureerd.get(einde.dossiernummer)
    if laatste is not None and laatste > einde.einddatum:
        yield _op(aanvraag, "EindeVerblijf/Einddatum", f"{laatste} of later, of eerst een creditnota", f"{einde.einddatum}")


@controle("aanvraag", "Annulering")
def gefactureerd_bij_annulering(
    aanvraag: Aanvraag, context: AanvraagContext, cookbook: Cookbook, regel: Regel
) -> Iterator[Bevinding]:
    dossier = _dossier(aanvraag, context)
    laatste = None if dossier is None else context.laatst_gefactureerd.get(dossier.dossiernummer)
    # A day before the start was invoiced on an earlier stay at this facility.
    if dossier is not None and laatste is not None and laatste >= dossier.start:
        yield _op(aanvraag, "Annulering/Dossiernummer", "een dossier zonder gefactureerde dagen", f"gefactureerd tot {laatste}")
