"""What a screen gets: who asks, in which session, with what, and the ways to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.clock import BRUSSELS
from gateway.console import inzage, sessies
from gateway.console.inzage import Doel
from gateway.console.opmaak import render
from gateway.console.rechten import Persoon, Recht
from gateway.console.sessies import Melding, Sessie
from gateway.console.talen import Taal, vertaal
from gateway.diensten.kern import Gateway
from gateway.observe.audit_events import Gebeurtenis
from gateway.store.audit import Waarde

if TYPE_CHECKING:
    from gateway.console.schermen import Menu

CONSOLE = "/console"


class NietGevonden(Exception):
    """There is no such thing, or this person may not know that there is: both get the same page."""


class NietToegestaan(Exception):
    """This person may not do this."""


class Onverwerkbaar(Exception):
    """What was typed can not be done; says why, in Dutch. Nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Vraag:
    """One request of somebody who is logged in and has the right that the screen names."""

    gateway: Gateway
    request: Request
    sessie: Sessie
    nu: datetime
    taal: Taal
    velden: FormData
    """Fields and files of a POST; empty for a GET."""
    menu: tuple[tuple[str, Menu], ...]
    """Address and entry of every screen that this person's menu has."""

    @property
    def persoon(self) -> Persoon:
        return self.sessie.persoon

    @property
    def doel(self) -> Doel | None:
        """The purpose that was stated in this session."""
        return None if self.sessie.doel is None else inzage.doel_van(self.persoon.rol, self.sessie.doel)

    @property
    def vandaag(self) -> date:
        """The Belgian day."""
        return self.nu.astimezone(BRUSSELS).date()

    @property
    def pad(self) -> Mapping[str, Any]:
        """Parameters of the path."""
        return self.request.path_params

    @property
    def zoek(self) -> Mapping[str, str]:
        """Parameters of the query; never an INSZ."""
        return self.request.query_params

    @property
    def deel(self) -> bool:
        """Whether htmx asks for a part of the page."""
        return "HX-Request" in self.request.headers and "HX-Boosted" not in self.request.headers

    def veld(self, naam: str) -> str:
        """A text field of a form, without white space around it; empty when absent."""
        waarde = self.velden.get(naam, "")
        return "" if isinstance(waarde, UploadFile) else waarde.strip()

    def bestand(self, naam: str) -> UploadFile | None:
        """A file of a form; None when none was chosen."""
        waarde = self.velden.get(naam)
        return waarde if isinstance(waarde, UploadFile) and waarde.filename else None

    def mag(self, recht: Recht) -> bool:
        return self.persoon.mag(recht)

    def eis(self, recht: Recht) -> None:
        """Demand a further right than the screen's.

        Raises:
            NietToegestaan: the person does not have it.
        """
        if not self.mag(recht):
            raise NietToegestaan

    def t(self, tekst: str, **waarden: object) -> str:
        """A Dutch text in the reader's language."""
        return vertaal(self.taal, tekst, **waarden)

    def toon(self, sjabloon: str, status: int = 200, **context: Any) -> Response:
        """A page, or a part of one, made from a template."""
        return HTMLResponse(render(sjabloon, v=self, t=self.t, taal=self.taal, Recht=Recht, **context), status_code=status)

    def naar(self, pad: str, melding: Melding | None = None) -> Response:
        """Go to another page after an act, with a message that is shown there once.

        Args:
            pad: an address of our own, that begins with /console/.
        """
        if melding is not None:
            with self.gateway.store.writing() as conn:
                sessies.zet_melding(conn, self.sessie, melding)
        if self.deel:
            return Response(status_code=204, headers={"HX-Redirect": pad})
        return RedirectResponse(pad, status_code=303)

    def neem_melding(self) -> Melding | None:
        """The message of the act before; the base template shows it, and then it is gone."""
        if self.sessie.melding is not None:
            with self.gateway.store.writing() as conn:
                sessies.zet_melding(conn, self.sessie, None)
        return self.sessie.melding

    def inzage(
        self,
        onderwerp: str,
        wat: str,
        gebeurtenis: Gebeurtenis = Gebeurtenis.INZAGE,
        **gegevens: Waarde,
    ) -> None:
        """Record a look at a person's data in the audit chain; call it before the data is shown.

        Args:
            onderwerp: what was looked at, without an INSZ: bericht:<id>, dossier:<nr>, person:<pseudonym>.
            wat: which part, in a word or two.
            gegevens: more about it, without personal data.

        Raises:
            DoelNodig: no purpose was stated in this session; the gate then asks for one and comes back here.
        """
        with self.gateway.store.writing() as conn:
            inzage.noteer_inzage(conn, self.sessie, onderwerp, wat, gebeurtenis, gegevens, self.nu)
