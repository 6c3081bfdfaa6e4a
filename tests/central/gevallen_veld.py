"""Cases of the checks on one field of a message, or on two."""

from __future__ import annotations

from datetime import date, timedelta

from gateway.berichten.soorten import SOORTEN
from gateway.central.kalender import maanden_na, werkdag_na
from tests.central.build import DAG, RIZIV, VANDAAG
from tests.central.gevallen import Paar, Zaak, geval_voor, moment
from tests.central.gevallen_dossier import FOUT_RIZIV

BEGIN = date(2026, 4, 30)
"""The day before a public holiday."""


@geval_voor("soort_toegelaten")
def _(z: Zaak) -> Paar:
    vreemd = next(naam for naam in SOORTEN if naam not in z.cookbook.soorten)
    return Zaak(z.cookbook, z.regel, vreemd).geval(), z.geval()


@geval_voor("veld_verplicht")
def _(z: Zaak) -> Paar:
    return z.geval({z.par("veld"): None}), z.geval({z.par("veld"): z.waarde(z.par("veld"))})


@geval_voor("veld_ingevuld")
def _(z: Zaak) -> Paar:
    return z.geval({z.par("veld"): z.waarde(z.par("veld"))}), z.geval({z.par("veld"): None})


@geval_voor("waarde_verplicht")
def _(z: Zaak) -> Paar:
    veld, waarden = z.par("veld"), z.par("waarden")
    andere = [w for w in z.regel.als.get(veld, ("iets anders",)) if w not in waarden]
    return z.geval({veld: andere[0]}), z.geval({veld: waarden[-1]})


@geval_voor("code_gekend")
def _(z: Zaak) -> Paar:
    veld, lijst = z.par("veld"), z.cookbook.lijsten[z.par("lijst")]
    goed = [code for code, waarde in lijst.items() if waarde.geldt(z.dag)]
    voorbij = [code for code, waarde in lijst.items() if not waarde.geldt(z.dag)]
    return z.geval({veld: voorbij[0] if voorbij else f"{goed[0]}x"}), z.geval({veld: goed[-1]})


@geval_voor("geldig_riziv")
def _(z: Zaak) -> Paar:
    return z.geval({z.par("veld"): FOUT_RIZIV}), z.geval({z.par("veld"): RIZIV})


@geval_voor("ingangsdatum")
def _(z: Zaak) -> Paar:
    begin = z.cookbook.ingangsdatum
    if z.soort.dag is None:
        return z.geval(dossier={"start": begin - DAG}), z.geval(dossier={"start": begin})
    return z.geval({z.soort.dag: begin - DAG}), z.geval({z.soort.dag: begin})


@geval_voor("in_toekomst")
def _(z: Zaak) -> Paar:
    laatste = VANDAAG + timedelta(days=z.par("dagen"))
    return z.geval({z.par("veld"): laatste + DAG}), z.geval({z.par("veld"): laatste})


def _uiterste(z: Zaak, van: date) -> date:
    if (werkdagen := z.par("werkdagen")) is not None:
        return werkdag_na(van, werkdagen)
    if (maanden := z.par("maanden")) is not None:
        return maanden_na(van, maanden)
    return van + timedelta(days=z.par("kalenderdagen") or z.par("dagen") or 0)


@geval_voor("laattijdig")
def _(z: Zaak) -> Paar:
    velden, laatste = {z.par("veld"): BEGIN}, _uiterste(z, BEGIN)
    if z.par("uurveld") is None:
        return z.geval(velden, ontvangen_op=moment(laatste + DAG, 0)), z.geval(velden, ontvangen_op=moment(laatste, 23, 59))
    velden[z.par("uurveld")] = "14:30"
    return z.geval(velden, ontvangen_op=moment(laatste, 14, 31)), z.geval(velden, ontvangen_op=moment(laatste, 14, 30))


@geval_voor("periode_omgekeerd")
def _(z: Zaak) -> Paar:
    van, tot = z.par("van"), z.par("tot")
    return z.geval({van: VANDAAG, tot: VANDAAG - DAG}), z.geval({van: VANDAAG, tot: VANDAAG})


@geval_voor("te_lang_tussen")
def _(z: Zaak) -> Paar:
    van, tot, laatste = z.par("van"), z.par("tot"), _uiterste(z, BEGIN)
    if tot == "vandaag":
        return z.geval({van: BEGIN}, ontvangen_op=moment(laatste + DAG)), z.geval({van: BEGIN}, ontvangen_op=moment(laatste))
    if van == "vandaag":
        nu = {"ontvangen_op": moment(BEGIN)}
        return z.geval({tot: laatste + DAG}, **nu), z.geval({tot: laatste}, **nu)
    return z.geval({van: BEGIN, tot: laatste + DAG}), z.geval({van: BEGIN, tot: laatste})


@geval_voor("in_maand")
def _(z: Zaak) -> Paar:
    maand = {z.par("maandveld"): "2026-05"}
    return z.geval({**maand, z.par("veld"): date(2026, 6, 1)}), z.geval({**maand, z.par("veld"): date(2026, 5, 31)})


@geval_voor("uren_overlappen")
def _(z: Zaak) -> Paar:
    dagen = {z.par("dagen"): (VANDAAG, VANDAAG), z.par("tot"): ("11:00", "12:00")}
    return z.geval({**dagen, z.par("van"): ("10:00", "10:59")}), z.geval({**dagen, z.par("van"): ("10:00", "11:00")})


@geval_voor("hoogstens_keer")
def _(z: Zaak) -> Paar:
    veld, keer, aantal = z.par("veld"), (z.par("waarde"),), z.par("aantal")
    return z.geval({veld: keer * (aantal + 1)}), z.geval({veld: keer * aantal})


@geval_voor("minstens_verschillende")
def _(z: Zaak) -> Paar:
    waarden = tuple(f"{n}" for n in range(z.par("aantal")))
    return z.geval({z.par("veld"): waarden[1:] * 2}), z.geval({z.par("veld"): waarden})


@geval_voor("bevat")
def _(z: Zaak) -> Paar:
    waarden = tuple(z.par("waarden")[: z.par("minstens")])
    return z.geval({z.par("veld"): waarden[1:]}), z.geval({z.par("veld"): waarden})


@geval_voor("eens_per_waarde")
def _(z: Zaak) -> Paar:
    veld, bij = z.par("veld"), {z.par("bij"): (z.par("waarde"),) * 2}
    return z.geval({**bij, veld: ("a", "a")}), z.geval({**bij, veld: ("a", "b")})


@geval_voor("niet_dezelfde")
def _(z: Zaak) -> Paar:
    eerste, tweede = z.par("velden")[:2]
    return z.geval({eerste: "a", tweede: "a"}), z.geval({eerste: "a", tweede: "b"})
