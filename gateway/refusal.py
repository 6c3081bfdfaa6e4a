"""Every way in which the gateway refuses a request before its content is judged: code, place, expected, found, remedy.

Codes are stable: a vendor's program may branch on them. The SOA code is eHealth's (facts ehealth.md §4.2), the VSB code
says which check of ours it was. Texts are made here once, in Dutch and English; wire/ puts them in a fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, kw_only=True)
class CodeInfo:
    """What is fixed about a refusal code."""

    code: str
    soa: str
    """eHealth SOA code."""
    nl: str
    en: str
    remedy: str
    """In Dutch: what the sender can do."""
    http: int = 500
    """500 for a SOAP fault (SOAP 1.1 §6.2); another status only for what is not SOAP at all."""
    business: bool = False
    """BusinessError instead of SystemError."""
    server: bool = False
    """The gateway's fault, not the sender's."""
    retry: bool = False
    """The same bytes may succeed later."""
    faultcode: str | None = None
    """Local name in the SOAP namespace when it is neither Client nor Server."""


def _c(code: str, soa: str, nl: str, en: str, remedy: str, **rest: object) -> CodeInfo:
    return CodeInfo(code=code, soa=soa, nl=nl, en=en, remedy=remedy, **rest)  # type: ignore[arg-type]


class Code(Enum):
    """All refusal codes."""

    # fmt: off
    NOT_XML = _c("VSB-WIRE-001", "SOA-03001",
        "Het bericht is geen welgevormde XML.", "The message is not well-formed XML.",
        "Stuur een SOAP 1.1-envelop in UTF-8; de plaats van de fout staat hieronder.", http=400)
    DTD = _c("VSB-WIRE-002", "SOA-03001",
        "Het bericht bevat een DTD of entiteiten.", "The message has a DTD or entities.",
        "Laat de DOCTYPE weg: SOAP 1.1 verbiedt ze.")
    TOO_LARGE = _c("VSB-WIRE-003", "SOA-03001",
        "Het bericht is groter dan toegelaten.", "The message is larger than allowed.",
        "Splits de zending of comprimeer de blob; de grens staat hieronder.", http=413)
    SOAP_VERSION = _c("VSB-WIRE-004", "SOA-03002",
        "Verkeerde SOAP-versie.", "Wrong SOAP version.",
        "Gebruik SOAP 1.1 (http://schemas.xmlsoap.org/soap/envelope/).", faultcode="VersionMismatch")
    NOT_SOAP = _c("VSB-WIRE-005", "SOA-03002",
        "Het bericht is geen SOAP-envelop.", "The message is not a SOAP envelope.",
        "Zet het bericht in een SOAP 1.1-Envelope.", http=400)
    BODY = _c("VSB-WIRE-006", "SOA-03003",
        "De SOAP-Body ontbreekt of bevat niet precies één element.",
        "The SOAP Body is missing or does not hold exactly one element.",
        "Zet precies één verzoekelement in de Body.")
    CONTENT_TYPE = _c("VSB-WIRE-007", "SOA-03002",
        "Content-Type wordt niet aanvaard.", "Content-Type is not accepted.",
        "Stuur text/xml; charset=utf-8.", http=415)
    METHOD = _c("VSB-WIRE-008", "SOA-03002",
        "HTTP-methode wordt niet aanvaard.", "HTTP method is not accepted.",
        "Stuur SOAP-berichten met POST; de WSDL staat op ?wsdl.", http=405)
    UNKNOWN_SERVICE = _c("VSB-WIRE-009", "SOA-03005",
        "Deze dienst bestaat niet.", "There is no such service.",
        "Kijk na welk adres het cookbook noemt.")
    UNKNOWN_OPERATION = _c("VSB-WIRE-010", "SOA-03005",
        "Deze dienst kent dit verzoekelement niet.", "This service does not know this request element.",
        "Kijk de WSDL van de dienst na.")
    SOAP_ACTION = _c("VSB-WIRE-011", "SOA-03005",
        "SOAPAction of wsa:Action past niet bij het verzoekelement.",
        "SOAPAction or wsa:Action does not fit the request element.",
        "Neem de actie uit de WSDL over of laat ze leeg.")
    ENCODING = _c("VSB-WIRE-012", "SOA-03001",
        "Alleen UTF-8 wordt aanvaard.", "Only UTF-8 is accepted.",
        "Schrijf het bericht in UTF-8, zonder NUL-tekens.", http=400)
    TOO_COMPLEX = _c("VSB-WIRE-013", "SOA-03001",
        "Het bericht is te diep genest of heeft te veel elementen.", "The message is nested too deeply or has too many elements.",
        "Vereenvoudig of splits het bericht.")
    MUST_UNDERSTAND = _c("VSB-WIRE-014", "SOA-03004",
        "Een verplichte header wordt niet begrepen.", "A mandatory header is not understood.",
        "Laat de header of mustUnderstand weg.", faultcode="MustUnderstand")
    INSTRUCTION = _c("VSB-WIRE-015", "SOA-03004",
        "Het bericht bevat een processing instruction.", "The message holds a processing instruction.",
        "Laat processing instructions weg: SOAP 1.1 §3 verbiedt ze.")
    STRUCTURE = _c("VSB-WIRE-016", "SOA-03004",
        "De envelop heeft een onverwachte opbouw.", "The envelope has an unexpected structure.",
        "Een Envelope bevat hoogstens één Header, gevolgd door precies één Body.")

    PACKAGE = _c("VSB-XOP-001", "SOA-03001",
        "Het MTOM/XOP-pakket is niet leesbaar.", "The MTOM/XOP package can not be read.",
        "Stuur multipart/related met boundary, type en start; elk deel één keer, met een eigen Content-ID.")
    INCLUDE = _c("VSB-XOP-002", "SOA-03001",
        "Een xop:Include wijst niet naar een deel van het pakket.", "An xop:Include does not point at a part of the package.",
        "Verwijs met cid: naar een deel dat meegestuurd is, als enige inhoud van het element.")

    NO_SECURITY = _c("VSB-TRUST-001", "SOA-01001",
        "Het bericht is niet ondertekend.", "The message is not signed.",
        "Voeg één wsse:Security-header toe met certificaat, Timestamp en handtekening.")
    SECURITY_SHAPE = _c("VSB-TRUST-002", "SOA-01001",
        "De WS-Security-header heeft niet de verwachte vorm.", "The WS-Security header does not have the expected shape.",
        "Volg het X.509-profiel van het cookbook: één token, één Timestamp, één handtekening.")
    ALGORITHM = _c("VSB-TRUST-003", "SOA-01001",
        "Dit algoritme wordt niet aanvaard.", "This algorithm is not accepted.",
        "Gebruik RSA-SHA256 of ECDSA-SHA256, SHA-256 en exclusive C14N.")
    PARTS = _c("VSB-TRUST-004", "SOA-01001",
        "Niet alle verplichte delen zijn ondertekend.", "Not all mandatory parts are signed.",
        "Onderteken de delen die hieronder staan.")
    DIGEST = _c("VSB-TRUST-005", "SOA-01001",
        "Een ondertekend deel werd na het ondertekenen gewijzigd.", "A signed part was changed after signing.",
        "Wijzig niets meer na het ondertekenen, ook geen witruimte.")
    SIGNATURE = _c("VSB-TRUST-006", "SOA-01001",
        "De handtekening klopt niet met het certificaat.", "The signature does not match the certificate.",
        "Onderteken met de sleutel van het meegestuurde certificaat.")
    UNTRUSTED = _c("VSB-TRUST-007", "SOA-01001",
        "Het certificaat komt niet van een aanvaarde uitgever.", "The certificate does not come from an accepted issuer.",
        "Gebruik uw eHealth-certificaat van deze omgeving.")
    EXPIRED = _c("VSB-TRUST-008", "SOA-01001",
        "Het certificaat is vervallen.", "The certificate has expired.",
        "Vernieuw uw eHealth-certificaat; het nieuwe werkt meteen, zonder registratie.")
    NOT_YET_VALID = _c("VSB-TRUST-009", "SOA-01001",
        "Het certificaat is nog niet geldig.", "The certificate is not valid yet.",
        "Wacht tot de begindatum of gebruik het vorige certificaat.")
    REVOKED = _c("VSB-TRUST-010", "SOA-01001",
        "Het certificaat is ingetrokken.", "The certificate has been revoked.",
        "Vraag een nieuw eHealth-certificaat aan.")
    NOT_ON_RIZIV = _c("VSB-TRUST-011", "SOA-01002",
        "Het certificaat staat niet op een RIZIV-nummer.", "The certificate is not on a RIZIV number.",
        "Vraag een eHealth-certificaat op het RIZIV-nummer van de voorziening aan (type NIHII-…), niet op het KBO-nummer.")
    PERSONAL = _c("VSB-TRUST-012", "SOA-01002",
        "Een persoonlijk certificaat mag niet namens een voorziening zenden.",
        "A personal certificate may not send for a facility.",
        "Gebruik het eHealth-certificaat van de voorziening, op haar RIZIV-nummer.")
    STALE = _c("VSB-TRUST-013", "SOA-01001",
        "De Timestamp is vervallen of te lang geldig.", "The Timestamp has expired or lives too long.",
        "Maak de Timestamp vlak voor het verzenden en zet de klok juist (NTP).")
    FUTURE = _c("VSB-TRUST-014", "SOA-01001",
        "De Timestamp ligt in de toekomst.", "The Timestamp lies in the future.",
        "Zet de klok juist (NTP).")
    CROSSCHECK = _c("VSB-TRUST-015", "SOA-01002",
        "De afzender in het bericht is niet de houder van het certificaat (CROSSCHECK_ISSUER).",
        "The sender named in the message is not the certificate's holder (CROSSCHECK_ISSUER).",
        "Zet het RIZIV-nummer van het certificaat als afzender, of gebruik het certificaat van die afzender.")
    NOT_RECOGNISED = _c("VSB-TRUST-016", "SOA-01002",
        "De voorziening is op deze datum niet erkend voor deze pijler.",
        "The facility is not recognised for this pillar on this date.",
        "Kijk de erkenning na bij het Departement Zorg.", business=True)
    NOT_ATTESTED = _c("VSB-TRUST-017", "SOA-01002",
        "De software is niet geattesteerd voor deze pijler.", "The software is not attested for this pillar.",
        "Gebruik een geattesteerde versie of registreer het attest.", business=True)
    NO_DECLARATION = _c("VSB-TRUST-018", "SOA-01002",
        "Er is geen geldige verklaring circle of trust van de voorziening.",
        "There is no valid circle-of-trust declaration of the facility.",
        "Dien de verklaring op eer in bij het Departement Zorg.", business=True)
    NO_MANDATE = _c("VSB-TRUST-019", "SOA-01002",
        "De afzender heeft geen mandaat voor deze voorziening.", "The sender has no mandate for this facility.",
        "Zend met het certificaat van de voorziening zelf, of registreer een mandaat.", business=True)
    XADES = _c("VSB-TRUST-020", "SOA-01001",
        "De XAdES-handtekening over de blob ontbreekt of klopt niet.", "The XAdES signature over the blob is missing or wrong.",
        "Onderteken de blob (Xades-t) met hetzelfde certificaat als de header, of onderteken ook de Body.")
    WEAK_KEY = _c("VSB-TRUST-021", "SOA-01001",
        "De sleutel of het sleutelgebruik van het certificaat wordt niet aanvaard.",
        "The certificate's key or key usage is not accepted.",
        "Gebruik RSA van minstens 2048 bits of EC P-256/P-384, met digitalSignature.")
    IDENTITY = _c("VSB-TRUST-022", "SOA-01001",
        "De identiteit in het certificaat is niet eenduidig.", "The identity in the certificate is not unambiguous.",
        "Gebruik een certificaat in de eHealth-vorm: CN en OU noemen hetzelfde type en nummer.")
    REPLAY = _c("VSB-TRUST-023", "SOA-01001",
        "Deze handtekening werd al gebruikt.", "This signature was used before.",
        "Maak voor elk bericht een nieuwe Timestamp en handtekening.")
    DUPLICATE_ID = _c("VSB-TRUST-024", "SOA-01001",
        "Een Id komt meer dan eens voor.", "An id occurs more than once.",
        "Geef elk element een eigen Id.")
    NOT_ZORGKAS = _c("VSB-TRUST-025", "SOA-01002",
        "Het certificaat is niet van een gekende zorgkas.", "The certificate is not a known zorgkas's.",
        "Gebruik het certificaat dat voor de zorgkas geregistreerd is.")
    NOT_ON_FILE = _c("VSB-TRUST-026", "SOA-01001",
        "Het certificaat waarnaar de handtekening verwijst, is hier niet gekend.",
        "The certificate that the signature refers to is not on file here.",
        "Stuur het certificaat mee als BinarySecurityToken en verwijs ernaar met wsse:Reference.")
    ASSERTION = _c("VSB-TRUST-027", "SOA-01001",
        "De SAML-assertie heeft niet de verwachte vorm.", "The SAML assertion does not have the expected shape.",
        "Stuur de assertie zoals de STS ze gaf: SAML 1.1, holder-of-key, één keer in wsse:Security.")
    STS = _c("VSB-TRUST-028", "SOA-01001",
        "De uitgever van de SAML-assertie wordt hier niet aanvaard.", "The issuer of the SAML assertion is not accepted here.",
        "Vraag de assertie aan de STS van deze omgeving, of gebruik het X.509-profiel.")
    ASSERTION_SIGNATURE = _c("VSB-TRUST-029", "SOA-01001",
        "De handtekening van de STS over de SAML-assertie klopt niet.", "The STS's signature over the SAML assertion is wrong.",
        "Neem de assertie octet voor octet over in het bericht; wijzig ook geen witruimte of prefixen.")
    ASSERTION_EXPIRED = _c("VSB-TRUST-030", "SOA-01001",
        "De SAML-assertie is vervallen.", "The SAML assertion has expired.",
        "Vraag een nieuwe assertie aan de STS voor NotOnOrAfter verstrijkt.")
    ASSERTION_NOT_YET = _c("VSB-TRUST-031", "SOA-01001",
        "De SAML-assertie is nog niet geldig.", "The SAML assertion is not valid yet.",
        "Zet de klok juist (NTP), of wacht tot NotBefore.")
    HOLDER = _c("VSB-TRUST-032", "SOA-01001",
        "De ondertekenaar van het bericht is niet de houder van de SAML-assertie (holder-of-key).",
        "The message's signer is not the holder of the SAML assertion (holder-of-key).",
        "Onderteken met de sleutel van het certificaat waarvoor de STS de assertie gaf; sender-vouches wordt niet aanvaard.")
    NOT_CERTIFIED = _c("VSB-TRUST-033", "SOA-01002",
        "De STS bevestigt geen RIZIV-nummer van een erkende voorziening in de SAML-assertie.",
        "The STS certifies no RIZIV number of a recognised facility in the SAML assertion.",
        "Vraag aan de STS het attribuut urn:be:fgov:ehealth:1.0:<org>:nihii-number:recognised<org>:nihii11.")
    REVOCATION = _c("VSB-TRUST-040", "SOA-02002",
        "De intrekkingsgegevens van de uitgever zijn nu niet beschikbaar.", "The issuer's revocation data is not available now.",
        "Zend hetzelfde bericht later opnieuw; aan uw certificaat mankeert niets.", server=True, retry=True)

    BLOB_HASH = _c("VSB-BLOB-001", "SOA-03007",
        "HashValue is niet de SHA-256 van de ongecomprimeerde inhoud.",
        "HashValue is not the SHA-256 of the uncompressed content.",
        "Bereken de hash over de inhoud vóór compressie.", business=True)
    BLOB_DEFLATE = _c("VSB-BLOB-002", "SOA-03007",
        "De blob kan niet uitgepakt worden.", "The blob cannot be decompressed.",
        "Gebruik raw deflate (RFC 1951) of ContentEncoding none.", business=True)
    BLOB_SIZE = _c("VSB-BLOB-003", "SOA-03007",
        "De uitgepakte blob is groter dan toegelaten.", "The decompressed blob is larger than allowed.",
        "Splits de zending.", business=True)
    BLOB_ENCODING = _c("VSB-BLOB-004", "SOA-03007",
        "ContentEncoding of MessageName wordt niet aanvaard.", "ContentEncoding or MessageName is not accepted.",
        "Gebruik deflate of none, en een MessageName uit het cookbook.", business=True)

    SCHEMA = _c("VSB-SCHEMA-001", "SOA-03006",
        "Het bericht voldoet niet aan het schema.", "The message does not fit the schema.",
        "Verbeter de plaatsen hieronder; de schema's staan bij de WSDL.")
    PILLAR = _c("VSB-SCHEMA-002", "SOA-03007",
        "Deze pijler wordt niet aanvaard.", "This pillar is not accepted.",
        "Gebruik een pijler waarvoor een cookbook bestaat en die bij de dienst past.", business=True)
    ENVIRONMENT = _c("VSB-SCHEMA-003", "SOA-03007",
        "De testvlag past niet bij deze omgeving.", "The test flag does not fit this environment.",
        "Zend testberichten naar de testomgeving en andere naar productie.", business=True)

    ID_REUSED = _c("VSB-ID-001", "SOA-03007",
        "Dit berichtnummer werd al gebruikt voor een andere inhoud.", "This message id was used before for other content.",
        "Geef een nieuw bericht een nieuw nummer; zend hetzelfde bericht ongewijzigd opnieuw.", business=True)
    UNKNOWN_MESSAGE = _c("VSB-ID-002", "SOA-03007",
        "Dit bericht is niet gekend of niet voor u.", "This message is unknown or not yours.",
        "Kijk de MessageId na.", business=True)
    NOT_DECIDABLE = _c("VSB-ID-003", "SOA-03007",
        "Over dit bericht kan niet (meer) beslist worden.", "This message can not (or no longer) be decided on.",
        "Kijk de stand van het bericht na.", business=True)
    AMOUNTS = _c("VSB-ID-004", "SOA-03007",
        "De bedragen van de afrekening kloppen niet met de zending.", "The settlement's amounts do not agree with the zending.",
        "Gevraagd = aanvaard + geweigerd, en gevraagd is wat de gateway leverde.", business=True)
    ARCHIVED = _c("VSB-ID-005", "SOA-03007",
        "De inhoud van dit bericht staat in het archief.", "The content of this message is in the archive.",
        "Vraag de centrale toepassing om de maand terug te zetten; de levensloop blijft opvraagbaar.", business=True)
    NOT_RETURNABLE = _c("VSB-ID-006", "SOA-03007",
        "Deze zending kan niet ingetrokken worden.", "This zending can not be taken back.",
        "Noem een aanvaarde zending die nog niet afgerekend is; crediteer anders haar facturen.", business=True)

    UNAVAILABLE = _c("VSB-SYS-001", "SOA-02002",
        "De dienst is tijdelijk niet beschikbaar.", "The service is temporarily unavailable.",
        "Zend hetzelfde bericht later opnieuw, ongewijzigd.", server=True, retry=True)
    INTERNAL = _c("VSB-SYS-002", "SOA-02001",
        "De dienst kon het bericht niet verwerken.", "The service could not process the message.",
        "Neem contact op met de helpdesk en geef het nummer in Id door.", server=True)
    BUSY = _c("VSB-SYS-003", "SOA-02002",
        "Te veel verzoeken tegelijk.", "Too many requests at once.",
        "Wacht en zend opnieuw.", http=429, server=True, retry=True)
    NOT_ENOUGH_TIME = _c("VSB-SYS-005", "SOA-02002",
        "De postbus was zonet leeg; vraag niet zo vlug opnieuw.", "Not enough time between two questions to an empty mailbox.",
        "Wacht de seconden van Retry-After en vraag dan opnieuw.", business=True, server=True, retry=True)
    TIMEOUT = _c("VSB-SYS-004", "SOA-03001",
        "Het verzoek kwam niet op tijd volledig aan.", "The request did not arrive completely in time.",
        "Zend opnieuw.", http=400, retry=True)
    # fmt: on

    @property
    def info(self) -> CodeInfo:
        return self.value


def info_of(code: str) -> CodeInfo | None:
    """What is fixed about a code that was told before; None when there is no such code any more."""
    return _BY_CODE.get(code)


_BY_CODE = {c.info.code: c.info for c in Code}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, with its place."""

    code: str
    nl: str
    en: str
    place: str | None = None
    """XPath-like path in the message."""
    line: int | None = None
    expected: str | None = None
    found: str | None = None
    """The kind of value that stood there; never a whole INSZ."""
    remedy: str | None = None


class Refusal(Exception):
    """A request is refused before its content is judged.

    Args:
        code: which refusal.
        place: XPath-like path.
        line: line number in the message.
        expected: what the check wanted.
        found: what it saw, without personal data.
        findings: when there is more than one thing wrong; otherwise one is made from the other arguments.
        omitted: findings left out to keep the answer bounded.
        retry_after: seconds after which to try again, for HTTP.
    """

    def __init__(
        self,
        code: Code,
        *,
        place: str | None = None,
        line: int | None = None,
        expected: str | None = None,
        found: str | None = None,
        findings: tuple[Finding, ...] = (),
        omitted: int = 0,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(code.info.code)
        self.code = code
        self.omitted = omitted
        self.retry_after = retry_after
        self.certificate: bytes | None = None
        """SHA-256 of the certificate that came with the message; whoever sent it has not proven to be its holder."""
        self.findings = findings or (
            Finding(
                code=code.info.code,
                nl=code.info.nl,
                en=code.info.en,
                place=place,
                line=line,
                expected=expected,
                found=found,
                remedy=code.info.remedy,
            ),
        )
