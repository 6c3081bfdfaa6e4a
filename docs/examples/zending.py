"""A whole zending: notify a stay, post the invoice of a day, keep its TAck, fetch what comes back and confirm it.

python docs/examples/zending.py [ADDRESS] [INSZ]    beside `make run`.

Your certificate, numbers, attest and licence replace the sample's.
"""

import base64
import hashlib
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import zeep
from lxml import etree

from conformance.zeep_wsse import GENERIC_ASYNC, Wsse
from gateway.trust.signing import load_signer, sign_blob
from gateway.wire.blob import deflate, inflate

RIZIV, KBO, IBAN = "72090103000", "0900177717", "BE15100900111130"
base, insz = (*sys.argv[1:], *("http://127.0.0.1:8080", "72083098670")[len(sys.argv) - 1 :])
signer = load_signer(Path("certs-sample/facility-ibw-1.p12").read_bytes(), "vsb-sample")
day = date.today() - timedelta(days=1)  # a zending invoices days that are over
CENTS = 4689 if day.year == date.today().year else 4512  # what the sample pays for such a day
ORIGIN = {
    "Package": {"License": {"Username": "zorgsoft", "Password": "zorgsoft-demo"}},  # of your attested package
    "CareProvider": {"Nihii": {"Value": RIZIV}},
}


def service(name, parts=("Body", "Timestamp", "BinarySecurityToken")):
    return zeep.Client(f"{base}/soap/{name}/v1?wsdl", wsse=Wsse(signer, parts=parts)).service


def notify():
    head = {
        "BerichtId": uuid4(), "Pijler": "eibwfin", "Test": False, "Aanmaaktijdstip": datetime.now(UTC),
        "Afzender": {"RizivNummer": RIZIV, "Software": {"Naam": "ZorgSoft", "Versie": "3.2", "Attest": "VSB-2024-0001"}},
    }  # fmt: skip
    stay = {"StartVerblijf": {"Startdatum": day, "TypeVerblijf": "regulier"}}
    return service("aanvraag").Indienen({"Hoofding": head, "Voorziening": RIZIV, "Gebruiker": {"Insz": insz}, **stay})


def zending(number, dossier, zorgkas):
    now = datetime.now()
    return f"""<Zending xmlns="urn:vsb-gateway:factuur:v1">
  <Pijler>eibwfin</Pijler><Zendingnummer>{number:03d}</Zendingnummer><Maand>{day:%Y-%m}</Maand>
  <Opstellingsdatum>{now:%F}</Opstellingsdatum><Facturatiedatum>{now:%F}</Facturatiedatum><TypeFactuur>4</TypeFactuur>
  <Derdebetalende>{RIZIV}</Derdebetalende><Kbo>{KBO}</Kbo><Iban>{IBAN}</Iban><Zorgkas>{zorgkas}</Zorgkas>
  <Factuur><Factuurnummer>1</Factuurnummer><TypeFacturering>0</TypeFacturering><Insz>{insz}</Insz><Dossiernummer>{dossier}</Dossiernummer>
    <Lijn><Volgnummer>1</Volgnummer><Prestatiecode>763055</Prestatiecode><Van>{day}</Van><Tot>{day}</Tot><Aantal>1</Aantal><Bedrag>{CENTS}</Bedrag></Lijn>
    <Totaal>{CENTS}</Totaal></Factuur>
  <Totaal>{CENTS}</Totaal>
</Zending>""".encode()


def post(facturatie, content, reference):
    """The TAck says that it is on disk; after a broken line post the very same again: you get the same TAck."""
    return facturatie.post(
        CommonInput={"Request": {"IsTest": False}, "Origin": ORIGIN, "InputReference": reference},
        Detail={
            "_value_1": deflate(content), "ContentType": "text/xml", "ContentEncoding": "deflate", "MessageName": "HCPFAC",
            "HashValue": hashlib.sha256(content).digest(), "Id": "blob",
        },
        **{"Xades-t": sign_blob(content, signer, datetime.now(UTC), canonical=True)},
    )  # fmt: skip


def fetch(facturatie, reference):
    """Get until our results are there; what is confirmed does not come again, so keep it first."""
    found = []
    while len(found) < 2:  # DF011 or DF012, then the result of the content; the settlement comes days later
        answer = facturatie.get(Origin=ORIGIN, MsgQuery={"Include": True, "Max": 100}, TAckQuery={"Include": True, "Max": 100})
        for message in answer.MsgResponse:
            root = etree.fromstring(inflate(message.Detail._value_1, 1 << 27))
            if root.findtext("{*}InputReference") == reference:
                found.append(root)
        hashes = [base64.b64encode(m.Detail.HashValue).decode() for m in answer.MsgResponse]
        if hashes:
            facturatie.confirm(Origin=ORIGIN, MsgHashValues=hashes)
        else:
            time.sleep(1.2)  # after an empty answer the mailbox asks for a second's rest
    return found


try:
    answer = notify()
    print("stay:", answer.Uitkomst, answer.Dossiernummer, [f"{r.Code} {r.Tekst}" for r in answer.Reden])
    if answer.Uitkomst == "aanvaard":
        facturatie, reference = service("facturatie", GENERIC_ASYNC), f"{datetime.now():%y%m%d%H%M%S}"
        tack = post(facturatie, zending(int(time.time()) % 900 + 100, answer.Dossiernummer, answer.Zorgkas), reference)
        print("TAck:", tack.ResultMajor, tack.Reference)
        for result in fetch(facturatie, reference):
            print(result.findtext("{*}Label"), [e.text for e in result.iter("{*}Code")], result.findtext("{*}Aanvaard"))
except zeep.exceptions.Fault as fault:  # refused before the content was judged: every finding stands in the detail
    print(fault.message, *(f"{f.findtext('{*}Code')} {f.findtext('{*}Remedie')}" for f in fault.detail.iter("{*}Bevinding")))
