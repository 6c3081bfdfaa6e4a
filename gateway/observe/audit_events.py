"""The catalogue of the audit chain: every event that is written in it, with a few words for people.

An event records what somebody decided about the gateway or with it. What happens to each message by itself stands in the
message's own life (levensstap) and in its signed receipt.
"""

from __future__ import annotations

from enum import StrEnum


class Gebeurtenis(StrEnum):
    """All events; the value is what stands in the chain and never changes once written."""

    woorden: str
    """What happened, in Dutch, for screens and lists."""

    def __new__(cls, naam: str, woorden: str) -> Gebeurtenis:
        lid = str.__new__(cls, naam)
        lid._value_ = naam
        lid.woorden = woorden
        return lid

    ATTEST_TOEGEVOEGD = "attest_toegevoegd", "een softwarepakket is geattesteerd"
    ATTEST_GESCHORST = "attest_geschorst", "een attest is geschorst"
    ATTEST_HERVAT = "attest_hervat", "een geschorst attest geldt weer"
    ATTEST_BEEINDIGD = "attest_beeindigd", "een attest heeft een laatste dag gekregen"
    VERKLARING_TOEGEVOEGD = "verklaring_toegevoegd", "een voorziening verklaarde zich in de circle of trust"
    VERKLARING_BEEINDIGD = "verklaring_beeindigd", "een verklaring circle of trust heeft een laatste dag gekregen"
    ERKENNING_TOEGEVOEGD = "erkenning_toegevoegd", "een voorziening is erkend voor een pijler"
    ERKENNING_BEEINDIGD = "erkenning_beeindigd", "een erkenning heeft een laatste dag gekregen"
    MANDAAT_TOEGEVOEGD = "mandaat_toegevoegd", "een afzender mag voor een voorziening sturen"
    MANDAAT_BEEINDIGD = "mandaat_beeindigd", "een mandaat heeft een laatste dag gekregen"
    REFERENTIE_GELADEN = "referentie_geladen", "een bestand met referentiegegevens is geladen"
    GESTART = "gestart", "de gateway is gestart, met deze versie, omgeving en ondertekenaar"
    GESTOPT = "gestopt", "de gateway is ordelijk gestopt"
    INTREKKING_ONTBREEKT = "intrekking_ontbreekt", "van een uitgever zijn geen verse intrekkingsgegevens meer"
    INTREKKING_HERSTELD = "intrekking_hersteld", "van een uitgever zijn er weer verse intrekkingsgegevens"
    ZORGKAS_BESLISTE = "zorgkas_besliste", "een zorgkas besliste over een aanvraag die in beraad was"
    BERAAD_VERVALLEN = "beraad_vervallen", "een bericht in beraad is na de termijn vanzelf geweigerd"
    ZORGKAS_REKENDE_AF = "zorgkas_rekende_af", "een zorgkas rekende een zending af"
    INZAGE_GEWEIGERD = "inzage_geweigerd", "iemand vroeg een stuk dat er niet is of dat hij niet mag zien"
    STEEKPROEF_GETROKKEN = "steekproef_getrokken", "een controleur trok een steekproef van berichten"
    ZAAKDOSSIER_UITGEVOERD = "zaakdossier_uitgevoerd", "een controleur voerde de stukken van berichten uit"
    LEVERING_OPNIEUW = "levering_opnieuw", "een levering is opnieuw aangeboden"
    LEVERING_OPGEGEVEN = "levering_opgegeven", "een levering is opgegeven"
    LEVERINGEN_OMGELEID = "leveringen_omgeleid", "wachtende leveringen gaan langs een ander transport"
    LIJN_GEPAUZEERD = "lijn_gepauzeerd", "de leveringen aan een zorgkas zijn stilgelegd"
    LIJN_HERVAT = "lijn_hervat", "de leveringen aan een zorgkas gaan weer door"
    ARCHIEF_GEMAAKT = "archief_gemaakt", "de octetten van een maand staan in het archief en zijn uit de databank weg"
    ARCHIEF_TERUGGEZET = "archief_teruggezet", "de octetten van een gearchiveerde maand staan weer in de databank"
    AANGEMELD = "aangemeld", "iemand heeft zich aangemeld in de console"
    AFGEMELD = "afgemeld", "iemand heeft zich afgemeld in de console"
    AANMELDEN_GEBLOKKEERD = "aanmelden_geblokkeerd", "na te veel mislukte pogingen moet een account of adres wachten"
    INZAGE = "inzage", "iemand heeft gegevens van een persoon ingezien, met dit doel"
    PERSOON_GEZOCHT = "persoon_gezocht", "iemand heeft een persoon gezocht op INSZ, met dit doel"
