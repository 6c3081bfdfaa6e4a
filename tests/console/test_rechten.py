"""The policy holds by construction: no screen without a right, no role without what it is bound to."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from gateway.console.aanmelden import Aanmelden
from gateway.console.rechten import RECHTEN, OngeldigePersoon, Persoon, Recht, Rol
from gateway.console.routes import alle_schermen
from gateway.console.schermen import Scherm, Schermen

OPEN = {
    ("GET", "/aanmelden"),
    ("POST", "/aanmelden"),
    ("GET", "/aanmelden/oidc"),
    ("GET", "/aanmelden/terug"),
    ("GET", "/aanmelden/uit"),
    ("GET", "/taal/{taal}"),
    ("GET", "/static/{naam}"),
}


def test_a_screen_without_a_right_can_not_be_made() -> None:
    with pytest.raises(TypeError):
        Schermen().get("/x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="names no right"):
        Scherm(methode="GET", pad="/x", recht=None, handelaar=lambda v: v)  # type: ignore[arg-type, return-value]


def test_only_the_way_in_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    routes: list[Route] = Aanmelden(None, {}, None).routes()  # type: ignore[arg-type]
    assert {(m, r.path) for r in routes for m in r.methods or () if m != "HEAD"} == OPEN


def test_every_right_is_somebodys_and_every_role_has_its_rights() -> None:
    assert set(RECHTEN) == set(Rol)
    assert set().union(*RECHTEN.values()) == set(Recht)
    assert all(Recht.AANGEMELD in rechten for rechten in RECHTEN.values())


def test_no_address_is_two_screens() -> None:
    ways = [(s.methode, s.pad) for s in alle_schermen()]
    assert len(ways) == len(set(ways))


def test_who_only_controls_or_administers_acts_on_no_message() -> None:
    acts = {Recht.LEVERING_OPNIEUW, Recht.LEVERING_OPGEVEN, Recht.LIJN_PAUZEREN, Recht.BERAAD_BESLISSEN, Recht.FACTUUR_WEIGEREN}
    assert not acts & (RECHTEN[Rol.CONTROLEUR] | RECHTEN[Rol.BEHEERDER])


@pytest.mark.parametrize(
    ("rol", "binding"),
    [
        (Rol.ZORGKAS, {}),
        (Rol.ZORGKAS, {"zorgkas": "18"}),
        (Rol.ZORGKAS, {"zorgkas": "%"}),
        (Rol.VOORZIENING, {}),
        (Rol.VOORZIENING, {"voorzieningen": ("7209",)}),
        (Rol.LEVERANCIER, {}),
    ],
)
def test_a_bound_role_without_a_good_binding_is_nobody(rol: Rol, binding: dict[str, object]) -> None:
    with pytest.raises(OngeldigePersoon):
        Persoon(account="account:x", naam="X", rol=rol, **binding)  # type: ignore[arg-type]
