"""A zending written in the flat layout; what is assumed about it stands in plat_lezen."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.berichten.factuur import Factuur, Zending
from gateway.berichten.plat import RECORDS, controlegetal_codes, schrijf_record, schrijf_segment


def naar_plat(zending: Zending, *, test: bool = False) -> bytes:
    """The zending in the flat layout.

    Raises:
        ValueError: a value does not fit in its zone, such as a dossiernummer of over 25 characters.
    """
    regels = [*_kop(zending, test), schrijf_record("10", _r10(zending), 1)]
    nummer, codes_ = 1, [f"{lijn.prestatiecode:0>7}" for f in zending.facturen for lijn in f.lijnen]
    for factuur in zending.facturen:
        for soort, waarden in _factuur(zending, factuur):
            nummer += 1
            regels.append(schrijf_record(soort, waarden, nummer))
    einde = {k: v for k, v in _r10(zending).items() if k in RECORDS["90"]}
    einde |= {"totaal rekening A": f"{zending.totaal}", "controlegetal": controlegetal_codes(codes_)}
    return "".join([*regels, schrijf_record("90", einde, nummer + 1)]).encode("ascii")


def _kop(zending: Zending, test: bool) -> tuple[str, str]:
    eerste = {"type bericht": "920000", "versie van het bericht": "01", "productie of test": "92" if test else "12"}
    tweede = {
        "gefactureerd jaar en maand": f"{zending.maand:%Y%m}",
        "nummer zending": zending.zendingnummer,
        "datum van opstelling": f"{zending.opstellingsdatum}",
        "type factuur": "09" if zending.type_factuur == "9" else "03" if zending.type_factuur == "3" else "01",
    }
    return schrijf_segment("200", eerste), schrijf_segment("300", tweede)


def _r10(zending: Zending) -> dict[str, str]:
    return {
        "aantal rekeningen": "1",
        "nummer zending": zending.zendingnummer,
        "nummer derdebetalende": zending.derdebetalende,
        "gefactureerd jaar": f"{zending.maand.year}",
        "gefactureerde maand": f"{zending.maand.month:02}",
        "datum van opstelling": f"{zending.opstellingsdatum}",
        "KBO-nummer": zending.kbo,
        "referentie van de instelling": zending.pijler,
        "BIC": zending.bic,
        "IBAN": zending.iban,
    }


def _factuur(zending: Zending, factuur: Factuur) -> Iterator[tuple[str, dict[str, str]]]:
    persoon = {"ziekenfonds van aansluiting": zending.zorgkas, "INSZ": factuur.insz}
    vorige = factuur.vorige
    terug = (
        {}
        if vorige is None
        else {
            "nummer vorige factuur": vorige.factuurnummer,
            "nummer vorige zending": vorige.zendingnummer,
            "vorig gefactureerd jaar en maand": f"{vorige.maand:%Y%m}",
        }
    )
    yield (
        "20",
        {
            **persoon,
            **terug,
            "type factuur": zending.type_factuur,
            "type facturering": factuur.type_facturering,
            "facturerende instelling": zending.derdebetalende,
            "ziekenfonds van bestemming": zending.zorgkas,
            "nummer individuele factuur": factuur.factuurnummer,
            "referentie van de instelling": factuur.dossiernummer,
            "datum facturering": f"{zending.facturatiedatum}",
        },
    )
    for lijn in factuur.lijnen:
        yield (
            "30",
            {
                **persoon,
                "prestatiecode": lijn.prestatiecode,
                "eerste dag": f"{lijn.van}",
                "laatste dag": f"{lijn.tot}",
                "betrekkelijke verstrekking": lijn.betrekkelijk or "0",
                "bedrag tegemoetkoming": f"{lijn.bedrag}",
                "aantal dagen": f"{lijn.aantal}",
                "persoonlijk aandeel": f"{lijn.aandeel}",
                "referentie van de instelling": f"{lijn.volgnummer}",
            },
        )
    yield (
        "80",
        {
            **persoon,
            "totaal rekening A": f"{factuur.totaal}",
            "totaal persoonlijk aandeel": f"{sum(lijn.aandeel for lijn in factuur.lijnen)}",
            "datum facturering": f"{zending.facturatiedatum}",
            "nummer individuele factuur": factuur.factuurnummer,
            "controlegetal": controlegetal_codes([f"{lijn.prestatiecode:0>7}" for lijn in factuur.lijnen]),
        },
    )
