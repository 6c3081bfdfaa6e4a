"""Random histories of zendingen and settlements: what is paid is the price of the days that are claimed, each of them once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.berichten.factuur import Factuur, Lijn, VorigeFactuur
from gateway.central.dagen import Sleutel, is_credit, sleutels
from gateway.central.zending import beoordeel_zending, controleer_zending
from tests.central.build import COOKBOOK, INSZ, factuur, lijn, persoon, verblijf, zending, zendingcontext

RUIM = replace(COOKBOOK, drempel=100.0, regels=tuple(r for r in COOKBOOK.regels if r.controle != "insz_controlegetal"))
"""Every right line counts, also beside wrong ones."""
PRIJS = 4689
PERSONEN = (INSZ, "12071796100", "12071796200")
MAAND = date(2026, 5, 1)


@dataclass
class Boek:
    """What a gateway remembers of one facility and month."""

    dagen: set[Sleutel] = field(default_factory=set)
    aanvaard: dict[str, list[tuple[Factuur, Lijn]]] = field(default_factory=dict)
    betaald: dict[str, int] = field(default_factory=dict)


class Geschiedenis(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.boek = Boek()

    @rule(
        wie=st.lists(st.sampled_from(PERSONEN), min_size=1, max_size=3),
        eerste=st.integers(1, 8),
        lengte=st.integers(1, 3),
        soort=st.sampled_from(("0", "1", "3")),
        fout=st.sampled_from((0, 0, 0, 1)),
        terug_en_weer=st.booleans(),
    )
    def dien_in(self, wie: list[str], eerste: int, lengte: int, soort: str, fout: int, terug_en_weer: bool) -> None:
        nummer = f"{len(self.boek.aanvaard) + 1:03}"
        facturen = []
        for n, insz in enumerate(wie, 1):
            for k, type_ in enumerate(("3", "1") if terug_en_weer else (soort,)):
                facturen.append(self._factuur(f"{n * 10 + k}", insz, eerste, lengte, type_, fout))
        gevraagd = zending(*facturen, zendingnummer=nummer)
        context = zendingcontext(
            personen={i: persoon(insz=i) for i in PERSONEN},
            verblijven={i: (verblijf(insz=i),) for i in PERSONEN},
            gefactureerde_dagen=frozenset(self.boek.dagen),
            eerdere_zendingen=frozenset({("001", MAAND)}),
        )
        assert not controleer_zending(gevraagd, context, RUIM)
        resultaat = beoordeel_zending(gevraagd, context, RUIM)
        terug, nieuw = resultaat.gecrediteerde_dagen, resultaat.aanvaarde_dagen
        assert len(set(terug)) == len(terug)
        assert len(set(nieuw)) == len(nieuw)
        assert set(terug) <= self.boek.dagen, "only what was claimed is given back"
        self.boek.dagen.difference_update(terug)
        assert self.boek.dagen.isdisjoint(nieuw), "no day is claimed twice"
        self.boek.dagen.update(nieuw)
        self.boek.aanvaard[nummer] = list(resultaat.aanvaard_per_lijn)
        assert resultaat.gevraagd == resultaat.aanvaard + resultaat.geweigerd

    @staticmethod
    def _factuur(nummer: str, insz: str, eerste: int, lengte: int, soort: str, fout: int) -> Factuur:
        teken = -1 if soort == "3" else 1
        regels = [
            lijn(date(2026, 5, d), date(2026, 5, d), volgnummer=d, aantal=teken, bedrag=teken * (PRIJS + fout))
            for d in range(eerste, eerste + lengte)
        ]
        vorige = None if soort == "0" else VorigeFactuur(factuurnummer="1", zendingnummer="001", maand=MAAND)
        return factuur(*regels, factuurnummer=nummer, insz=insz, type_facturering=soort, vorige=vorige)

    @rule(data=st.data())
    def reken_af(self, data: st.DataObject) -> None:
        """The zorgkas refuses some records that ask for money; their days are free again."""
        open_ = [n for n, regels in self.boek.aanvaard.items() if n not in self.boek.betaald and regels]
        if not open_:
            return
        nummer = data.draw(st.sampled_from(open_))
        regels = self.boek.aanvaard[nummer]
        vragend = [x for x in regels if not is_credit(x[0]) and set(sleutels(*x)) <= self.boek.dagen]
        later = [y for n, rest in self.boek.aanvaard.items() if n > nummer for y in rest]
        vrij = [x for x in vragend if not any(set(sleutels(*x)) & set(sleutels(*y)) for y in later)]
        geweigerd = data.draw(st.lists(st.sampled_from(vrij), unique=True)) if vrij else []
        for x in geweigerd:
            self.boek.dagen.difference_update(sleutels(*x))
        self.boek.aanvaard[nummer] = [x for x in regels if x not in geweigerd]
        self.boek.betaald[nummer] = sum(x.bedrag for _, x in self.boek.aanvaard[nummer])

    @invariant()
    def wat_aanvaard_is_is_de_prijs_van_de_dagen(self) -> None:
        som = sum(x.bedrag for regels in self.boek.aanvaard.values() for _, x in regels)
        assert som == PRIJS * len(self.boek.dagen)


TestGeschiedenis = Geschiedenis.TestCase
TestGeschiedenis.settings = settings(max_examples=150, stateful_step_count=20, deadline=None)
