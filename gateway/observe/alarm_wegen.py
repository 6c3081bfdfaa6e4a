"""Where one acts on an alarm: an address of the console, and a command."""

from __future__ import annotations

from urllib.parse import urlencode

_OPDRACHTEN = {
    "wachtrij": "vsb-gateway deliveries list --zorgkas {code}",
    "mislukt": "vsb-gateway deliveries list --zorgkas {code} --state mislukt",
    "lijn": "vsb-gateway deliveries lines",
    "gepauzeerd": "vsb-gateway deliveries resume {code}",
    "zegel": "vsb-gateway audit verify",
    "archief": "vsb-gateway archive run",
}


def opdracht(soort: str, onderwerp: str) -> str:
    """The command to begin with; empty where none helps."""
    return _OPDRACHTEN.get(soort, "").format(code=onderwerp.removeprefix("zorgkas:"))


def adres(soort: str, onderwerp: str) -> str | None:
    """The screen to begin with, below /console; None where no screen helps."""
    code = onderwerp.removeprefix("zorgkas:")
    match soort:
        case "wachtrij" | "mislukt" if code != onderwerp:
            staat = {"toestand": "mislukt"} if soort == "mislukt" else {}
            return f"/leveringen?{urlencode({'zorgkas': code, **staat})}"
        case "lijn" | "gepauzeerd" if code != onderwerp:
            return f"/lijnen/{code}"
        case "taken":
            return f"/berichten?{urlencode({'stap': 'technisch_aanvaard', 'dienst': 'facturatie', 'venster': 'alles'})}"
        case "zegel":
            return "/audit"
        case "certificaat" if onderwerp.startswith("NIHII"):
            nummer = onderwerp.partition("=")[2][:8]
            return f"/berichten?{urlencode({'afzender': f'riziv:{nummer}', 'venster': 'alles'})}"
        case _:
            return None
