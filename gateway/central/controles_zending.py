"""The generic checks on a zending: the file as a whole and its invoices. Lines have their own page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gateway.berichten.factuur import Factuur, Zending
from gateway.central.bevinding import Bevinding, controle
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.dagen import ORIGINEEL, een_aansluiting, is_credit, per_dag
from gateway.central.identificatie import geldig_iban, geldig_insz, geldig_kbo, riziv_modulus
from gateway.central.model import ZendingContext


def kop(zone: str, element: str, verwacht: str | None = None, gevonden: str | None = None) -> Bevinding:
    """A finding in record 10."""
    return Bevinding(record="10", zone=zone, plaats=f"/Zending/{element}", verwacht=verwacht, gevonden=gevonden)


def op_factuur(
    factuur: Factuur,
    nummer: int,
    zone: str,
    element: str,
    verwacht: str | None = None,
    gevonden: str | None = None,
    record: str = "20",
) -> Bevinding:
    """A finding in record 20 or 80."""
    return Bevinding(
        record=record,
        zone=zone,
        plaats=f"/Zending/Factuur[{nummer}]/{element}",
        regel=factuur.regel_van(element),
        factuurnummer=factuur.factuurnummer,
        verwacht=verwacht,
        gevonden=gevonden,
    )


@controle("zending")
def zendingnummer_vrij(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if context.zendingnummer_gebruikt:
        yield kop("7", "Zendingnummer", "een nummer dat dit jaar nog niet aanvaard werd", zending.zendingnummer)


@controle("zending")
def derdebetalende_controlegetal(
    zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel
) -> Iterator[Bevinding]:
    if riziv_modulus(zending.derdebetalende) is None:
        yield kop("14", "Derdebetalende", "RIZIV-nummer met juist controlegetal", "11 cijfers, controlegetal fout")


@controle("zending")
def kbo_van_voorziening(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if not geldig_kbo(zending.kbo) or context.kbo not in (None, zending.kbo):
        yield kop("27", "Kbo", "het KBO-nummer van de voorziening", "een ander of ongeldig nummer")


@controle("zending")
def iban_geldig(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if not geldig_iban(zending.iban):
        yield kop("36-41", "Iban", "Belgisch IBAN met juist controlegetal", "een ander nummer")


@controle("zending")
def iban_van_voorziening(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if geldig_iban(zending.iban) and context.iban not in (None, zending.iban):
        yield kop("36-41", "Iban", "het rekeningnummer dat voor de voorziening geregistreerd is", "een ander rekeningnummer")


@controle("zending")
def maand_in_toekomst(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if zending.maand > context.vandaag.replace(day=1):
        yield kop("22-23", "Maand", f"{context.vandaag:%Y-%m} of vroeger", f"{zending.maand:%Y-%m}")


@controle("zending")
def maand_na_ingang(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if zending.maand < cookbook.ingangsdatum.replace(day=1):
        yield kop("22-23", "Maand", f"{cookbook.ingangsdatum:%Y-%m} of later", f"{zending.maand:%Y-%m}")


@controle("zending")
def facturatiedatum_in_toekomst(
    zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel
) -> Iterator[Bevinding]:
    if zending.facturatiedatum > context.vandaag:
        yield kop("47", "Facturatiedatum", f"{context.vandaag} of vroeger", f"{zending.facturatiedatum}")


@controle("zending")
def type_factuur(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    if zending.type_factuur != cookbook.type_factuur:
        yield kop("10", "TypeFactuur", cookbook.type_factuur, zending.type_factuur)


@controle("zending")
def factuurnummer_uniek(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    tellingen = Counter(f.factuurnummer.lstrip("0") for f in zending.facturen)
    for nummer, factuur in enumerate(zending.facturen, 1):
        if tellingen[factuur.factuurnummer.lstrip("0")] > 1:
            yield op_factuur(
                factuur, nummer, "24-25", "Factuurnummer", "uniek in de zending", f"{factuur.factuurnummer}, meer dan eens"
            )


@controle("zending")
def volgnummer_uniek(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for nummer, factuur in enumerate(zending.facturen, 1):
        if len({lijn.volgnummer for lijn in factuur.lijnen}) != len(factuur.lijnen):
            yield op_factuur(factuur, nummer, "2", "Lijn/Volgnummer", "uniek in de factuur", "meer dan eens", record="30")


@controle("zending")
def totaal_factuur(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for nummer, factuur in enumerate(zending.facturen, 1):
        som = sum(lijn.bedrag for lijn in factuur.lijnen)
        if som != factuur.totaal:
            yield op_factuur(factuur, nummer, "19", "Totaal", f"{som} cent", f"{factuur.totaal} cent", record="80")


@controle("zending")
def totaal_zending(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    som = sum(f.totaal for f in zending.facturen)
    if som != zending.totaal:
        yield Bevinding(
            record="90", zone="19", plaats="/Zending/Totaal", verwacht=f"{som} cent", gevonden=f"{zending.totaal} cent"
        )


@controle("zending")
def insz_controlegetal(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for nummer, factuur in enumerate(zending.facturen, 1):
        if not geldig_insz(factuur.insz):
            yield op_factuur(factuur, nummer, "8", "Insz", "juist controlegetal", "11 cijfers, controlegetal fout")


@controle("zending")
def vorige_factuur_genoemd(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for nummer, factuur in enumerate(zending.facturen, 1):
        vorige = factuur.vorige
        genoemd = vorige is not None and vorige.factuurnummer.strip() and vorige.zendingnummer.strip()
        if factuur.type_facturering != ORIGINEEL and not genoemd:
            gevonden = "geen" if vorige is None else "een leeg nummer"
            yield op_factuur(factuur, nummer, "29-31", "VorigeFactuur", "de vorige factuur bij type 1 of 3", gevonden)


@controle("zending")
def vorige_zending_gekend(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for nummer, factuur in enumerate(zending.facturen, 1):
        vorige = factuur.vorige
        if vorige is None or not vorige.zendingnummer.strip() or factuur.type_facturering == ORIGINEEL:
            continue
        if (vorige.zendingnummer, vorige.maand) not in context.eerdere_zendingen:
            gevonden = f"zending {vorige.zendingnummer[:8]} van {vorige.maand:%Y-%m}"
            yield op_factuur(factuur, nummer, "34-36", "VorigeFactuur/Zendingnummer", "een aanvaarde zending", gevonden)


@controle("zending")
def creditnota_negatief(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for nummer, factuur in enumerate(zending.facturen, 1):
        if is_credit(factuur):
            verwacht, fout = (
                "alle lijnen negatief",
                [x for x in factuur.lijnen if x.aantal >= 0 or max(x.bedrag, x.aandeel) > 0 or x.bedrag == x.aandeel == 0],
            )
        else:
            verwacht, fout = "geen negatieve lijnen", [x for x in factuur.lijnen if min(x.aantal, x.bedrag, x.aandeel) < 0]
        if fout:
            gevonden = f"{len(fout)} van {len(factuur.lijnen)} lijnen anders"
            yield op_factuur(factuur, nummer, "11", "TypeFacturering", verwacht, gevonden)


@controle("zending")
def rechthebbende_in_orde(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    """Tells the affiliation beside the refused days, so that the sender need not ask for it."""
    for nummer, factuur in enumerate(zending.facturen, 1):
        persoon = context.personen.get(factuur.insz)
        if persoon is None or is_credit(factuur) or een_aansluiting(context, factuur) is not None:
            continue
        if any(None in per_dag(lijn, persoon.aansluitingen) for lijn in factuur.lijnen):
            perioden = [f"{a.van} tot {a.tot or 'heden'}" for a in persoon.aansluitingen]
            gevonden = f"aangesloten {', '.join(perioden)}" if perioden else "nooit aangesloten"
            yield op_factuur(factuur, nummer, "8", "Insz", "aangesloten in de hele gefactureerde periode", gevonden)


@controle("zending")
def persoon_gekend(zending: Zending, context: ZendingContext, cookbook: Cookbook, regel: Regel) -> Iterator[Bevinding]:
    for nummer, factuur in enumerate(zending.facturen, 1):
        if factuur.insz not in context.personen and geldig_insz(factuur.insz):
            yield op_factuur(factuur, nummer, "8", "Insz", "een gekende persoon", "onbekend INSZ")
