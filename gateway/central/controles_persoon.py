"""Generic checks on who an aanvraag is about: numbers, affiliation, life and age; a cookbook chooses them by name."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.central.bevinding import AANTAL, Bevinding, controle
from gateway.central.geval import Geval
from gateway.central.identificatie import geldig_insz, riziv_modulus
from gateway.central.kalender import leeftijd


@controle("aanvraag")
def insz_controlegetal(g: Geval) -> Iterator[Bevinding]:
    if not geldig_insz(g.aanvraag.insz):
        yield g.op_kop("Gebruiker/Insz", "INSZ of bisnummer met juist controlegetal", "11 cijfers, controlegetal fout")


@controle("aanvraag")
def riziv_controlegetal(g: Geval) -> Iterator[Bevinding]:
    if riziv_modulus(g.aanvraag.voorziening) is None:
        yield g.op_kop("Voorziening", "RIZIV-nummer met juist controlegetal", "11 cijfers, controlegetal fout")


@controle("aanvraag")
def persoon_gekend(g: Geval) -> Iterator[Bevinding]:
    if g.persoon is None and geldig_insz(g.aanvraag.insz):
        yield g.op_kop("Gebruiker/Insz", "een persoon die bij een zorgkas gekend is", "onbekend INSZ")


@controle("aanvraag")
def aansluiting_mogelijk(g: Geval) -> Iterator[Bevinding]:
    if g.persoon is not None and not g.persoon.aansluiting_mogelijk and g.persoon.aansluiting_op(g.dag) is None:
        yield g.op_kop("Gebruiker/Insz", "een persoon die kan aansluiten", "geen aansluiting mogelijk")


@controle("aanvraag")
def aangesloten(g: Geval) -> Iterator[Bevinding]:
    if g.persoon is not None and g.persoon.aansluiting_mogelijk and g.persoon.aansluiting_op(g.dag) is None:
        yield g.op(g.dagveld, f"aangesloten op {g.dag}", "geen aansluiting op die dag")


@controle("aanvraag")
def overleden(g: Geval) -> Iterator[Bevinding]:
    if g.persoon is not None and g.persoon.overlijdensdatum is not None and g.persoon.overlijdensdatum < g.dag:
        yield g.op(g.dagveld, "een dag voor of op het overlijden", f"{g.dag}")


@controle("aanvraag")
def nieuw_insz(g: Geval) -> Iterator[Bevinding]:
    """The new number is well formed and another one."""
    nieuw = g.bericht.waarde("NieuwInsz")
    if nieuw is not None and (not geldig_insz(nieuw) or nieuw == g.aanvraag.insz):
        yield g.op("NieuwInsz", "een ander INSZ, met juist controlegetal", "hetzelfde of ongeldig")


@controle("aanvraag", van=AANTAL, tot=AANTAL)
def leeftijd_tussen(g: Geval) -> Iterator[Bevinding]:
    geboren = None if g.persoon is None else g.persoon.geboortedatum
    if geboren is not None and not g.par("van") <= leeftijd(geboren, g.dag) <= g.par("tot"):
        yield g.op(g.dagveld, f"{g.par('van')} tot en met {g.par('tot')} jaar op die dag", "een andere leeftijd")


@controle("aanvraag", leeftijd=AANTAL)
def verplichte_huur(g: Geval) -> Iterator[Bevinding]:
    """From an age on a mobility aid is rented, not sold (facts vsb.md §4.7); other grounds are conditions of the rule."""
    geboren = None if g.persoon is None else g.persoon.geboortedatum
    if geboren is not None and leeftijd(geboren, g.dag) >= g.par("leeftijd") and g.bericht.waarde("Regime") != "huur":
        yield g.op("Regime", f"huur vanaf {g.par('leeftijd')} jaar", "geen huur")
