"""Generic checks on one field or two of an aanvraag: present, from a list, in time, in order; a cookbook names the fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from gateway.berichten.lezen import datum, uur
from gateway.central.bevinding import AANTAL, TEKST, TEKSTEN, Bevinding, controle, optioneel
from gateway.central.geval import Geval
from gateway.central.identificatie import riziv_modulus
from gateway.central.kalender import maanden_na, werkdag_na


@controle("aanvraag")
def soort_toegelaten(g: Geval) -> Iterator[Bevinding]:
    """The pillar has this kind of message; its cookbook lists them."""
    if g.aanvraag.soort not in g.cookbook.soorten:
        yield g.op_kop(g.aanvraag.soort, ", ".join(g.cookbook.soorten), g.aanvraag.soort)


@controle("aanvraag", veld=TEKST)
def veld_verplicht(g: Geval) -> Iterator[Bevinding]:
    if not any(pad == g.par("veld") or pad.startswith(f"{g.par('veld')}/") for pad in g.bericht.velden):
        yield g.op(g.par("veld"), "ingevuld", "afwezig")


@controle("aanvraag", veld=TEKST)
def veld_ingevuld(g: Geval) -> Iterator[Bevinding]:
    if any(pad == g.par("veld") or pad.startswith(f"{g.par('veld')}/") for pad in g.bericht.velden):
        yield g.op(g.par("veld"), "afwezig", "ingevuld")


@controle("aanvraag", veld=TEKST, waarden=TEKSTEN)
def waarde_verplicht(g: Geval) -> Iterator[Bevinding]:
    """The field, when it is there, has one of these values."""
    for waarde in g.bericht.waarden(g.par("veld")):
        if waarde not in g.par("waarden"):
            yield g.op(g.par("veld"), " of ".join(g.par("waarden")), _kort(waarde))


@controle("aanvraag", veld=TEKST, lijst=TEKST)
def code_gekend(g: Geval) -> Iterator[Bevinding]:
    """The field, when it is there, has a code of a list of the cookbook that holds on the care date."""
    lijst = g.cookbook.lijsten[g.par("lijst")]
    mag = [code for code, waarde in lijst.items() if waarde.geldt(g.dag)]
    for gevonden in g.bericht.waarden(g.par("veld")):
        if gevonden not in mag:
            wat = "een code die op die dag niet geldt" if gevonden in lijst else f"tekst van {len(gevonden)} tekens"
            yield g.op(g.par("veld"), ", ".join(mag), wat)


@controle("aanvraag", veld=TEKST)
def geldig_riziv(g: Geval) -> Iterator[Bevinding]:
    for waarde in g.bericht.waarden(g.par("veld")):
        if riziv_modulus(waarde) is None:
            yield g.op(g.par("veld"), "RIZIV-nummer met juist controlegetal", "controlegetal fout")


@controle("aanvraag")
def ingangsdatum(g: Geval) -> Iterator[Bevinding]:
    if g.dag < g.cookbook.ingangsdatum:
        yield g.op(g.dagveld, f"{g.cookbook.ingangsdatum} of later", f"{g.dag}")


@controle("aanvraag", veld=TEKST, dagen=AANTAL)
def in_toekomst(g: Geval) -> Iterator[Bevinding]:
    uiterste = g.context.vandaag + timedelta(days=g.par("dagen"))
    for waarde in g.bericht.waarden(g.par("veld")):
        if datum(waarde) > uiterste:
            yield g.op(g.par("veld"), f"{uiterste} of vroeger", waarde)


@controle("aanvraag", veld=TEKST, uurveld=optioneel(TEKST), kalenderdagen=optioneel(AANTAL), werkdagen=optioneel(AANTAL))
def laattijdig(g: Geval) -> Iterator[Bevinding]:
    """The message came after its term, that begins the day after the field's day.

    With `uurveld` the last day ends at that hour, so that date and time count (facts vsb.md §4.0); else it ends at midnight.
    """
    dag = g.bericht.dag(g.par("veld"))
    if dag is None:
        return
    werkdagen, kalenderdagen = g.par("werkdagen"), g.par("kalenderdagen")
    if werkdagen is not None:
        uiterste, termijn = werkdag_na(dag, werkdagen), f"{werkdagen} werkdagen"
    else:
        uiterste, termijn = dag + timedelta(days=kalenderdagen or 0), f"{kalenderdagen or 0} kalenderdagen"
    moment = g.bericht.waarde(g.par("uurveld")) if g.par("uurveld") else None
    if _voorbij(g.context.ontvangen_op, uiterste, None if moment is None else uur(moment)):
        tot = f"{uiterste}" if moment is None else f"{uiterste} {moment}"
        yield g.op(g.par("veld"), f"binnen {termijn}, tot {tot}", f"{(g.context.vandaag - dag).days} dagen later")


def _voorbij(nu: datetime, dag: date, tijd: time | None) -> bool:
    if nu.date() != dag or tijd is None:
        return nu.date() > dag
    return nu.time() > tijd


@controle("aanvraag", van=TEKST, tot=TEKST)
def periode_omgekeerd(g: Geval) -> Iterator[Bevinding]:
    van, tot = g.bericht.dag(g.par("van")), g.bericht.dag(g.par("tot"))
    if van is not None and tot is not None and tot < van:
        yield g.op(g.par("tot"), f"{van} of later", f"{tot}")


@controle(
    "aanvraag",
    van=TEKST,
    tot=TEKST,
    dagen=optioneel(AANTAL),
    werkdagen=optioneel(AANTAL),
    maanden=optioneel(AANTAL),
)
def te_lang_tussen(g: Geval) -> Iterator[Bevinding]:
    """The second day lies at most so long after the first; `vandaag` is the day of receipt."""
    van, tot = _dag(g, g.par("van")), _dag(g, g.par("tot"))
    if van is None or tot is None:
        return
    if (werkdagen := g.par("werkdagen")) is not None:
        uiterste = werkdag_na(van, werkdagen)
    elif (maanden := g.par("maanden")) is not None:
        uiterste = maanden_na(van, maanden)
    else:
        uiterste = van + timedelta(days=g.par("dagen") or 0)
    if tot > uiterste:
        veld = g.par("van") if g.par("tot") == "vandaag" else g.par("tot")
        yield g.op(veld, f"ten laatste {uiterste}, gerekend van {van}", f"{tot}")


def _dag(g: Geval, veld: str) -> date | None:
    return g.context.vandaag if veld == "vandaag" else g.bericht.dag(veld)


@controle("aanvraag", veld=TEKST, maandveld=TEKST)
def in_maand(g: Geval) -> Iterator[Bevinding]:
    maand = g.bericht.waarde(g.par("maandveld")) or ""
    for waarde in dict.fromkeys(g.bericht.waarden(g.par("veld"))):
        if not waarde.startswith(maand[:7]):
            yield g.op(g.par("veld"), f"een dag van {maand}", waarde)


@controle("aanvraag", dagen=TEKST, van=TEKST, tot=TEKST)
def uren_overlappen(g: Geval) -> Iterator[Bevinding]:
    """Hours on one day end after they begin, and no two share time."""
    velden = [g.bericht.waarden(g.par(naam)) for naam in ("dagen", "van", "tot")]
    geteld = sorted(zip(*velden, strict=True))
    vorige: tuple[str, str] | None = None
    for dag, van, tot in geteld:
        if tot <= van:
            yield g.op(g.par("tot"), f"later dan {van}", tot)
        elif vorige is not None and vorige[0] == dag and van < vorige[1]:
            yield g.op(g.par("van"), f"op {dag} vanaf {vorige[1]}", van)
        vorige = (dag, tot)


@controle("aanvraag", veld=TEKST, waarde=TEKST, aantal=AANTAL)
def hoogstens_keer(g: Geval) -> Iterator[Bevinding]:
    keren = sum(w == g.par("waarde") for w in g.bericht.waarden(g.par("veld")))
    if keren > g.par("aantal"):
        yield g.op(g.par("veld"), f"hoogstens {g.par('aantal')} keer {g.par('waarde')}", f"{keren} keer")


@controle("aanvraag", veld=TEKST, aantal=AANTAL)
def minstens_verschillende(g: Geval) -> Iterator[Bevinding]:
    verschillende = len(set(g.bericht.waarden(g.par("veld"))))
    if verschillende < g.par("aantal"):
        yield g.op(g.par("veld"), f"minstens {g.par('aantal')} verschillende", f"{verschillende}")


@controle("aanvraag", veld=TEKST, waarden=TEKSTEN, minstens=AANTAL)
def bevat(g: Geval) -> Iterator[Bevinding]:
    """So many of these values stand in the field."""
    aanwezig = sum(w in g.bericht.waarden(g.par("veld")) for w in g.par("waarden"))
    if aanwezig < g.par("minstens"):
        yield g.op(g.par("veld"), f"minstens {g.par('minstens')} van {', '.join(g.par('waarden'))}", f"{aanwezig}")


@controle("aanvraag", veld=TEKST, bij=TEKST, waarde=TEKST)
def eens_per_waarde(g: Geval) -> Iterator[Bevinding]:
    """Of the entries whose field `bij` has this value, each value of `veld` stands once."""
    paren = zip(g.bericht.waarden(g.par("veld")), g.bericht.waarden(g.par("bij")), strict=True)
    keren = Counter(waarde for waarde, bij in paren if bij == g.par("waarde"))
    if any(aantal > 1 for aantal in keren.values()):
        yield g.op(g.par("veld"), "elk één keer", f"{max(keren.values())} keer dezelfde")


@controle("aanvraag", velden=TEKSTEN)
def niet_dezelfde(g: Geval) -> Iterator[Bevinding]:
    """Nobody stands in two of these fields."""
    eerste, *andere = [set(g.bericht.waarden(veld)) for veld in g.par("velden")]
    if any(eerste & deel for deel in andere):
        yield g.op(g.par("velden")[0], "niet ook als " + ", ".join(g.par("velden")[1:]), "dezelfde")


def _kort(waarde: str) -> str:
    # A value with many digits may be a number of a person, typed in the wrong field.
    eigen = len(waarde) <= 32 and waarde.isascii() and waarde.isprintable() and sum(c.isdigit() for c in waarde) <= 4
    return waarde if eigen else f"tekst van {len(waarde)} tekens"
