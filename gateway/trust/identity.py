"""Who a certificate speaks for, read from the subject as eHealth writes it (facts ehealth.md §2.1, §2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.refusal import Code, Refusal

_QUALITY = re.compile(r"NIHII-[A-Z][A-Z_]{1,30}")
_TYPED_ID = re.compile(r"[A-Z_-]+[0-9]*=[0-9]+")
_APPLICATION = re.compile(r"[A-Z0-9_-]{1,30}")


class Kind(StrEnum):
    """What kind of holder."""

    RIZIV = "riziv"
    KBO = "kbo"
    PERSON = "persoon"
    OTHER = "ander"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The holder of an eHealth certificate; compared by type and number, never by certificate serial."""

    type: str
    """Identifier type as in the subject, for example NIHII-PROT_ACC, CBE or SSIN."""
    number: str
    application: str | None
    name: str
    """Organisation's or person's name as in the subject."""

    @property
    def kind(self) -> Kind:
        if self.type in ("NIHII", "NIHII11") or _QUALITY.fullmatch(self.type):
            return Kind.RIZIV
        return {"CBE": Kind.KBO, "SSIN": Kind.PERSON, "INSS": Kind.PERSON}.get(self.type, Kind.OTHER)

    @property
    def label(self) -> str:
        """For logs and reports; a person's number is not in it."""
        return f"{self.type}=***" if self.kind is Kind.PERSON else f"{self.type}={self.number}"

    def speaks_for_riziv(self, number: str) -> bool:
        """Whether the 8 identifying digits of a RIZIV number of 8 or 11 digits are this holder's (facts vsb.md §7.2)."""
        return self.kind is Kind.RIZIV and len(self.number) >= 8 and number[:8] == self.number[:8]


@lru_cache(maxsize=4096)
def read_identity(certificate: x509.Certificate) -> Identity:
    """Identity in an eHealth subject.

    Raises:
        Refusal: IDENTITY when CN and OU do not name one and the same type and number.
    """
    names = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    units = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    typed = [u for u in units if _TYPED_ID.fullmatch(u)]
    if len(names) != 1 or len(typed) != 1 or len(units) > 8 or max(map(len, units)) > 128:
        raise Refusal(
            Code.IDENTITY,
            place="BinarySecurityToken",
            expected="één CN en één OU van de vorm TYPE=nummer",
            found=f"{len(names)} CN, {len(typed)} OU",
        )
    cn, _, application = names[0].partition(", ")
    if cn != typed[0] or any(not c.isascii() or not c.isprintable() for c in names[0]):
        raise Refusal(
            Code.IDENTITY,
            place="BinarySecurityToken",
            expected="CN en OU met hetzelfde type en nummer",
            found="verschil",
        )
    if application and (application not in units or not _APPLICATION.fullmatch(application)):
        raise Refusal(Code.IDENTITY, place="BinarySecurityToken", expected="toepassing van de CN ook als OU", found="verschil")
    kind, _, number = typed[0].partition("=")
    digits = 8 if _QUALITY.fullmatch(kind) else {"NIHII": 8, "NIHII11": 11}.get(kind)
    if digits is not None and len(number) != digits:
        raise Refusal(
            Code.IDENTITY, place="BinarySecurityToken", expected=f"{kind} van {digits} cijfers", found=f"{len(number)} cijfers"
        )
    rest = [u for u in units if u not in (typed[0], application, "eHealth-platform Belgium")]
    return Identity(type=kind, number=number, application=application or None, name=rest[0] if rest else "")


def require_facility(identity: Identity) -> None:
    """Only an organisation on its RIZIV number may send for a facility (facts vsb.md §2.2).

    Raises:
        Refusal: NOT_ON_RIZIV or PERSONAL.
    """
    if identity.kind is Kind.PERSON:
        raise Refusal(Code.PERSONAL, place="BinarySecurityToken", expected="NIHII-…", found=identity.type)
    if identity.kind is not Kind.RIZIV:
        raise Refusal(Code.NOT_ON_RIZIV, place="BinarySecurityToken", expected="NIHII-…", found=identity.type)
