"""A vendor's client in twenty lines: ask who insures a person, notify the start of a stay, believe the answer by its receipt.

python docs/examples/vendor.py [ADDRESS] [INSZ]    beside `make run`. Your certificate, number and attest replace the sample's.
"""

import sys
from datetime import UTC, date, datetime
from uuid import uuid4

import zeep

from conformance.zeep_wsse import Wsse

RIZIV, TODAY = "72090103000", date.today()
base, insz = (*sys.argv[1:], *("http://127.0.0.1:8080", "06062999747")[len(sys.argv) - 1 :])
wsse = Wsse.from_p12("certs-sample/facility-ibw-1.p12", "vsb-sample", gateway="certs-sample/gateway.pem")


def service(name):
    return zeep.Client(f"{base}/soap/{name}/v1?wsdl", wsse=wsse).service


def head():  # BerichtId: a new one for each message, the same one when you send that message again
    software = {"Naam": "ZorgSoft", "Versie": "3.2", "Attest": "VSB-2024-0001"}
    sender = {"RizivNummer": RIZIV, "Software": software}
    return {
        "BerichtId": uuid4(), "Pijler": "eibwfin", "Test": False, "Aanmaaktijdstip": datetime.now(UTC), "Afzender": sender,
    }  # fmt: skip


try:
    answer = service("verzekerbaarheid").Raadplegen(Hoofding=head(), Insz=insz, Periode={"Van": TODAY, "Tot": TODAY})
    print("insured by", [period.Zorgkas for period in answer.Deelperiode or ()], answer.Fout or "")
    stay = {"StartVerblijf": {"Startdatum": TODAY, "TypeVerblijf": "regulier"}}
    answer = service("aanvraag").Indienen({"Hoofding": head(), "Voorziening": RIZIV, "Gebruiker": {"Insz": insz}, **stay})
    print(answer.Uitkomst, answer.Dossiernummer, [f"{reason.Code} {reason.Tekst}" for reason in answer.Reden])
    print("receipt of", wsse.receipt.message_id, "for the octets sent:", wsse.receipt.sha256 == wsse.sent)
except zeep.exceptions.Fault as fault:  # refused before the content was judged: every finding stands in the detail
    print(fault.message, *(f"{f.findtext('{*}Code')} {f.findtext('{*}Remedie')}" for f in fault.detail.iter("{*}Bevinding")))
