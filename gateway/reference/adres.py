"""Where a zorgkas receives: one form of address for each way of delivering (RFC 3986; RFC 8089 for file)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit

from gateway.reference.model import Levering

VERWACHT = {
    Levering.PULL: "leeg, of een http- of https-adres: een zorgkas met levering pull haalt zelf op",
    Levering.SOAP: "een webadres, want levering is soap: http://… of https://…",
    Levering.MAP: "een map met volledig pad, want levering is map: file:///srv/zorgkas/180",
    Levering.SFTP: "gebruiker, server en map, want levering is sftp: sftp://vsb@sftp.zorgkas.example:22/vsb (zonder wachtwoord)",
    Levering.S3: "een bucket, want levering is s3: s3://vsb-zorgkas-180/berichten",
}
"""What must stand there, in Dutch."""

_LANGST = 512
_GEBRUIKER = re.compile(r"[A-Za-z0-9._@\\-]{1,64}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_DEEL = re.compile(r"[^/\\\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, kw_only=True)
class SftpAdres:
    """A folder on an SFTP server."""

    gebruiker: str
    host: str
    poort: int
    pad: str
    """Absolute on the server, without a slash at the end."""


@dataclass(frozen=True, kw_only=True)
class S3Adres:
    """A place in an S3 bucket."""

    bucket: str
    prefix: str
    """Empty, or ends with a slash."""


def map_adres(endpoint: str) -> str:
    """The absolute path of `file:///path`.

    Raises:
        ValueError: it is not such an address.
    """
    adres = _splits(endpoint, "file")
    if adres.netloc:
        raise ValueError("file: wants three slashes, and names no server")
    return _pad(adres)


def sftp_adres(endpoint: str) -> SftpAdres:
    """The parts of `sftp://user@host:port/path`; port 22 when none is given.

    Raises:
        ValueError: it is not such an address, or it carries a password.
    """
    adres = _splits(endpoint, "sftp")
    gebruiker = unquote(adres.username or "")
    if not _GEBRUIKER.fullmatch(gebruiker) or adres.password is not None or not adres.hostname:
        raise ValueError("sftp: wants user@host, without a password")
    return SftpAdres(gebruiker=gebruiker, host=adres.hostname, poort=adres.port or 22, pad=_pad(adres))


def s3_adres(endpoint: str) -> S3Adres:
    """The parts of `s3://bucket/prefix`; the prefix may be empty.

    Raises:
        ValueError: it is not such an address.
    """
    adres = _splits(endpoint, "s3")
    if not _BUCKET.fullmatch(adres.netloc):
        raise ValueError("s3: wants a bucket")
    pad = _pad(adres).strip("/") if adres.path.strip("/") else ""
    return S3Adres(bucket=adres.netloc, prefix=f"{pad}/" if pad else "")


def past(levering: Levering, endpoint: str | None) -> bool:
    """Whether an endpoint is of the form that a way of delivering needs."""
    if endpoint is None:
        return levering is Levering.PULL
    try:
        match levering:
            case Levering.MAP:
                map_adres(endpoint)
            case Levering.SFTP:
                sftp_adres(endpoint)
            case Levering.S3:
                s3_adres(endpoint)
            case Levering.PULL | Levering.SOAP:
                return urlsplit(endpoint).scheme in ("http", "https") and bool(urlsplit(endpoint).hostname)
    except ValueError:
        return False
    return True


def _splits(endpoint: str, schema: str) -> SplitResult:
    adres = urlsplit(endpoint)
    if adres.scheme != schema or adres.query or adres.fragment or len(endpoint) > _LANGST:
        raise ValueError(f"not an address of {schema}:")
    return adres


def _pad(adres: SplitResult) -> str:
    pad = unquote(adres.path)
    delen = PurePosixPath(pad).parts
    if delen[:1] != ("/",) or len(delen) < 2 or ".." in delen or not all(_DEEL.fullmatch(d) for d in delen[1:]):
        raise ValueError("an absolute path to a folder is wanted")
    return str(PurePosixPath("/", *delen[1:]))
