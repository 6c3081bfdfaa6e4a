"""Signed, schema-valid messages of any size: a zending in the Body, as many invoices as it takes."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from conformance.walkthrough import sample_signer
from gateway.trust.signing import sign_envelope
from gateway.wire.envelope import serialise, write_envelope

_HEAD = (
    '<Zending xmlns="urn:vsb-gateway:factuur:v1"><Pijler>eibwfin</Pijler><Zendingnummer>001</Zendingnummer><Maand>2026-10</Maand>'
    "<Opstellingsdatum>2026-11-02</Opstellingsdatum><Facturatiedatum>2026-11-02</Facturatiedatum><TypeFactuur>4</TypeFactuur>"
    "<Derdebetalende>72090103000</Derdebetalende><Kbo>0900177717</Kbo><Iban>BE15100900111130</Iban><Zorgkas>180</Zorgkas>"
)
_INVOICE = (
    "<Factuur><Factuurnummer>{n}</Factuurnummer><TypeFacturering>0</TypeFacturering><Insz>12071796092</Insz>"
    "<Dossiernummer>EIBWFIN-A20691E1F5D93E</Dossiernummer><Lijn><Volgnummer>1</Volgnummer><Prestatiecode>763055</Prestatiecode>"
    "<Van>2026-10-01</Van><Tot>2026-10-31</Tot><Aantal>31</Aantal><Bedrag>145359</Bedrag></Lijn><Totaal>145359</Totaal></Factuur>"
)


def signed_message(octets: int, now: datetime) -> bytes:
    """A signed envelope of about this many bytes."""
    count = max(1, (octets - 4_500) // len(_INVOICE.format(n=10_000)))
    body = _HEAD + "".join(_INVOICE.format(n=n) for n in range(1, count + 1)) + f"<Totaal>{count * 145359}</Totaal></Zending>"
    root = write_envelope(etree.fromstring(body))
    sign_envelope(root, sample_signer("facility-ibw-1"), now)
    return serialise(root)
