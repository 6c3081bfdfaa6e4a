"""What went wrong at a receiver, in words: of what transports note, and of the network's own errors."""

from __future__ import annotations

import re

from gateway.reference.controle import gemaskeerd

_OORZAKEN = (
    (re.compile(r"refused", re.IGNORECASE), "verbinding geweigerd"),
    (re.compile(r"name or service|getaddrinfo|name resolution|nodename", re.IGNORECASE), "naam niet gevonden"),
    (re.compile(r"certificate|ssl", re.IGNORECASE), "TLS mislukt"),
    (re.compile(r"timed? ?out", re.IGNORECASE), "geen antwoord binnen de tijd"),
    (re.compile(r"unreachable|no route", re.IGNORECASE), "geen weg naar de ontvanger"),
    (re.compile(r"reset|aborted|broken pipe|without response|incompleteread", re.IGNORECASE), "verbinding afgebroken"),
)
_SOORTEN = {
    "ConnectionError": "geen verbinding met de ontvanger",
    "ConnectTimeout": "geen verbinding binnen de tijd",
    "ReadTimeout": "geen antwoord binnen de tijd",
    "SSLError": "TLS mislukt: het certificaat van de ontvanger wordt niet aanvaard",
    "ProxyError": "geen verbinding langs de proxy",
    "ChunkedEncodingError": "verbinding afgebroken",
    "TransportError": "de ontvanger antwoordde met een HTTP-fout",
    "XMLSyntaxError": "het antwoord is geen XML",
    "XMLParseError": "het antwoord is niet zoals de WSDL zegt",
}
_FAULT = re.compile(r"Fault (\S*)(?:: (.*))?", re.DOTALL)


def oorzaak(error: BaseException) -> str:
    """What lies behind a network error, in Dutch; empty when that is not known."""
    tekst = str(error)
    return next((woorden for patroon, woorden in _OORZAKEN if patroon.search(tekst)), "")


def faulttekst(code: str, tekst: str) -> str:
    """A receiver's SOAP fault as it is kept: its code and its own words, with what looks like an INSZ masked."""
    eigen = " ".join(gemaskeerd(tekst).split())[:200]
    return f"Fault {code[:80]}: {eigen}" if eigen else f"Fault {code[:80]}"


def in_woorden(melding: str | None) -> str:
    """What an attempt noted, for people; what is in words already stays as it is."""
    if not melding:
        return ""
    if (fault := _FAULT.fullmatch(melding)) is not None:
        schuld = "het bericht geweigerd" if fault[1].rpartition(":")[2].startswith("Client") else "een fout gemeld"
        return f"de ontvanger heeft {schuld}: {fault[2]}" if fault[2] else f"de ontvanger heeft {schuld} ({fault[1]})"
    soort, _, rest = melding.partition(": ")
    soort, _, http = soort.partition(" HTTP ")
    if soort not in _SOORTEN:
        return melding
    return _SOORTEN[soort] + (f" (HTTP {http})" if http else "") + (f": {rest}" if rest else "")
