"""Cases of the checks on the person, on the dossier and beside other dossiers."""

from __future__ import annotations

from datetime import date

from gateway.central.kalender import maanden_na
from gateway.central.model import Aansluiting, Gebeurtenis
from tests.central.build import DAG, ELDERS, INSZ, VANDAAG, gebeurtenis, persoon
from tests.central.gevallen import Paar, Zaak, geval_voor

ANDER_INSZ, FOUT_INSZ, FOUT_RIZIV = "06062999747", "12071796093", "72090104000"
EINDE = date(2026, 6, 10)


@geval_voor("insz_controlegetal")
def _(z: Zaak) -> Paar:
    return z.geval(kop={"insz": FOUT_INSZ}), z.geval()


@geval_voor("riziv_controlegetal")
def _(z: Zaak) -> Paar:
    return z.geval(kop={"voorziening": FOUT_RIZIV}), z.geval()


@geval_voor("persoon_gekend")
def _(z: Zaak) -> Paar:
    return z.geval(persoon=None), z.geval()


@geval_voor("aansluiting_mogelijk")
def _(z: Zaak) -> Paar:
    return z.geval(persoon=persoon(aansluiting_mogelijk=False, aansluitingen=())), z.geval(
        persoon=persoon(aansluiting_mogelijk=False)
    )


@geval_voor("aangesloten")
def _(z: Zaak) -> Paar:
    def aangesloten(van: date, tot: date | None) -> dict[str, object]:
        return {"persoon": persoon(aansluitingen=(Aansluiting(zorgkas="180", type="officieel", van=van, tot=tot),))}

    return z.geval(**aangesloten(z.dag + DAG, None)), z.geval(**aangesloten(z.dag, z.dag))


@geval_voor("overleden")
def _(z: Zaak) -> Paar:
    return z.geval(persoon=persoon(overlijdensdatum=z.dag - DAG)), z.geval(persoon=persoon(overlijdensdatum=z.dag))


@geval_voor("nieuw_insz")
def _(z: Zaak) -> Paar:
    return z.geval({"NieuwInsz": INSZ}), z.geval({"NieuwInsz": ANDER_INSZ})


@geval_voor("leeftijd_tussen")
def _(z: Zaak) -> Paar:
    if z.par("van") > 0:
        jarig = maanden_na(z.dag, -12 * z.par("van"))
        return z.geval(persoon=persoon(geboortedatum=jarig + DAG)), z.geval(persoon=persoon(geboortedatum=jarig))
    te_oud = maanden_na(z.dag, -12 * (z.par("tot") + 1))
    return z.geval(persoon=persoon(geboortedatum=te_oud)), z.geval(persoon=persoon(geboortedatum=te_oud + DAG))


@geval_voor("verplichte_huur")
def _(z: Zaak) -> Paar:
    jarig = maanden_na(z.dag, -12 * z.par("leeftijd"))
    koop = {"Regime": "verkoop"}
    return z.geval(koop, persoon=persoon(geboortedatum=jarig)), z.geval(koop, persoon=persoon(geboortedatum=jarig + DAG))


@geval_voor("dossier_gekend")
def _(z: Zaak) -> Paar:
    return z.geval(dossier={"voorziening": ELDERS}), z.geval()


@geval_voor("dossier_telt")
def _(z: Zaak) -> Paar:
    return z.geval(dossier={"status": "geannuleerd"}), z.geval(dossier={"status": "in_beraad"})


@geval_voor("dossier_loopt")
def _(z: Zaak) -> Paar:
    return z.geval(dossier={"einde": EINDE}), z.geval()


@geval_voor("na_start")
def _(z: Zaak) -> Paar:
    return z.geval({z.par("veld"): z.dossier.start - DAG}), z.geval({z.par("veld"): z.dossier.start})


@geval_voor("voor_einde")
def _(z: Zaak) -> Paar:
    tot = {"dossier": {"einde": EINDE}}
    return z.geval({z.par("veld"): EINDE + DAG}, **tot), z.geval({z.par("veld"): EINDE}, **tot)


@geval_voor("binnen_akkoord")
def _(z: Zaak) -> Paar:
    tot = {"dossier": {"akkoord_tot": EINDE}}
    return z.geval({z.par("veld"): EINDE + DAG}, **tot), z.geval({z.par("veld"): EINDE}, **tot)


@geval_voor("sluit_aan")
def _(z: Zaak) -> Paar:
    tot = {"dossier": {"akkoord_tot": EINDE}}
    return z.geval({z.par("veld"): EINDE + 2 * DAG}, **tot), z.geval({z.par("veld"): EINDE + DAG}, **tot)


def _met(z: Zaak, *gebeurtenissen: Gebeurtenis) -> dict[str, object]:
    return {"gebeurtenissen": (*z.dossier.gebeurtenissen, *gebeurtenissen)}


@geval_voor("hoogstens_verlengd")
def _(z: Zaak) -> Paar:
    keren = [gebeurtenis("Verlenging", message_id=f"v{n}") for n in range(z.par("aantal"))]
    return z.geval(dossier=_met(z, *keren)), z.geval(dossier=_met(z, *keren[1:]))


@geval_voor("akkoord_te_lang")
def _(z: Zaak) -> Paar:
    te_laat = maanden_na(VANDAAG, z.par("maanden"))
    van = {z.par("van"): VANDAAG}
    return z.geval({**van, z.par("tot"): te_laat}), z.geval({**van, z.par("tot"): te_laat - DAG})


@geval_voor("afwezigheid_overlapt")
def _(z: Zaak) -> Paar:
    nieuw = {"Van": VANDAAG, "Tot": VANDAAG + 5 * DAG}

    def bekend(dag: date) -> dict[str, object]:
        return _met(z, gebeurtenis("Afwezigheid", dag, tot=dag + 3 * DAG))

    return z.geval(nieuw, dossier=bekend(VANDAAG + 5 * DAG)), z.geval(nieuw, dossier=bekend(VANDAAG + 6 * DAG))


@geval_voor("al_gemeld")
def _(z: Zaak) -> Paar:
    eerder = gebeurtenis(z.par("soorten")[0])
    weg = gebeurtenis(z.par("soorten")[0], status="geannuleerd")
    return z.geval(dossier=_met(z, eerder)), z.geval(dossier=_met(z, weg))


@geval_voor("al_gemeld_voor")
def _(z: Zaak) -> Paar:
    veld = z.par("veld")

    def eerder(waarde: str) -> dict[str, object]:
        return _met(z, gebeurtenis(z.soortnaam, velden={veld: waarde}))

    return z.geval({veld: "2026-06"}, dossier=eerder("2026-06")), z.geval({veld: "2026-06"}, dossier=eerder("2026-05"))


@geval_voor("eerst_gemeld")
def _(z: Zaak) -> Paar:
    return z.geval(), z.geval(dossier=_met(z, gebeurtenis(z.par("soort"))))


@geval_voor("aanvaard_door_zorgkas")
def _(z: Zaak) -> Paar:
    return z.geval(dossier={"status": "in_beraad"}), z.geval()


@geval_voor("bericht_gekend")
def _(z: Zaak) -> Paar:
    weg = gebeurtenis("Afwezigheid", status="geannuleerd", message_id="m1")
    return z.geval({"MessageId": "m1"}, dossier=_met(z, weg)), z.geval(
        {"MessageId": "m1"}, dossier=_met(z, gebeurtenis("Afwezigheid", message_id="m1"))
    )


@geval_voor("gefactureerd_na")
def _(z: Zaak) -> Paar:
    veld = {z.par("veld"): EINDE}
    return z.geval(veld, laatst_gefactureerd={"D1": EINDE + DAG}), z.geval(veld, laatst_gefactureerd={"D1": EINDE})


@geval_voor("gefactureerd_bij_annulering")
def _(z: Zaak) -> Paar:
    start = z.dossier.start
    return z.geval(laatst_gefactureerd={"D1": start}), z.geval(laatst_gefactureerd={"D1": start - DAG})


@geval_voor("dubbel_verblijf")
def _(z: Zaak) -> Paar:
    return z.geval(andere=(z.ander(einde=z.dag),)), z.geval(andere=(z.ander(einde=z.dag - DAG),))


def _elders(z: Zaak) -> dict[str, str]:
    pijlers, types = z.par("pijlers"), z.par("types")
    gevonden = {"voorziening": ELDERS, "pijler": "elders" if "*" in pijlers else pijlers[0]}
    return gevonden | ({"type_verblijf": types[0]} if types else {})


@geval_voor("overlappend_verblijf")
def _(z: Zaak) -> Paar:
    return z.geval(andere=(z.ander(einde=z.dag + DAG, **_elders(z)),)), z.geval(andere=(z.ander(einde=z.dag, **_elders(z)),))


@geval_voor("cumul")
def _(z: Zaak) -> Paar:
    return z.geval(andere=(z.ander(einde=z.dag, **_elders(z)),)), z.geval(andere=(z.ander(einde=z.dag - DAG, **_elders(z)),))


@geval_voor("hoogstens_per_jaar")
def _(z: Zaak) -> Paar:
    def eerder(dag: date) -> list[object]:
        return [z.ander(dossiernummer=f"E{n}", start=dag, einde=dag) for n in range(z.par("aantal"))]

    nieuwjaar = date(z.dag.year, 1, 1)
    return z.geval(andere=eerder(nieuwjaar)), z.geval(andere=[*eerder(nieuwjaar)[1:], *eerder(nieuwjaar - DAG)[:1]])


@geval_voor("hoogstens_ooit")
def _(z: Zaak) -> Paar:
    eerder = [z.ander(dossiernummer=f"E{n}", einde=EINDE) for n in range(z.par("aantal"))]
    return z.geval(andere=eerder), z.geval(andere=eerder[1:])


@geval_voor("wachttijd")
def _(z: Zaak) -> Paar:
    return _na(z, z.par("maanden"))


@geval_voor("hernieuwingstermijn")
def _(z: Zaak) -> Paar:
    lijst = z.cookbook.lijsten[z.par("lijst")]
    groep, termijn = next((code, w.omschrijving) for code, w in lijst.items() if w.omschrijving.isdigit())
    assert z.soort.type is not None
    return _na(z, int(termijn), groep)


def _na(z: Zaak, maanden: int, type_: str | None = None) -> Paar:
    begin = date(2026, 1, 5)
    vroegst, ander = maanden_na(begin, maanden), z.ander(start=begin, type_verblijf=type_ or z.type_)
    velden = {} if type_ is None else {z.soort.type: type_}
    return z.geval({**velden, z.soort.dag: vroegst - DAG}, andere=(ander,)), z.geval(
        {**velden, z.soort.dag: vroegst}, andere=(ander,)
    )


@geval_voor("loopt_al_voor")
def _(z: Zaak) -> Paar:
    veld = z.par("veld")
    waarde = z.velden().get(veld, ("waarde",))[0]
    eerste = (gebeurtenis("StartVerblijf", velden={veld: waarde}),)
    return z.geval({veld: waarde}, andere=(z.ander(einde=z.dag, gebeurtenissen=eerste),)), z.geval(
        {veld: waarde}, andere=(z.ander(einde=z.dag - DAG, gebeurtenissen=eerste),)
    )


@geval_voor("capaciteit")
def _(z: Zaak) -> Paar:
    return z.geval(capaciteit=3, bezet=3), z.geval(capaciteit=3, bezet=2)
