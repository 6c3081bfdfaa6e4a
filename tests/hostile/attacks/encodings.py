"""Octets that two readers may read as two different texts."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from tests.hostile.case import Case, cases
from tests.hostile.context import Context
from tests.hostile.forge import good, swap

_DECLARATION = b"<?xml version='1.0' encoding='utf-8'?>"


def declared(name: str, codec: str | None = None, bom: bytes = b"") -> Callable[[Context], bytes]:
    """A good message declared in an encoding, and written in it unless told otherwise."""

    def make(ctx: Context) -> bytes:
        message = swap(good(ctx), _DECLARATION, f"<?xml version='1.0' encoding='{name}'?>")
        return bom + message.decode().encode(codec or name)

    return make


def written(codec: str, bom: bytes = b"", *, declaration: bool = True) -> Callable[[Context], bytes]:
    """A good message written in an encoding that its declaration does not name."""

    def make(ctx: Context) -> bytes:
        message = good(ctx)
        return bom + (message if declaration else swap(message, _DECLARATION, b"")).decode().encode(codec)

    return make


def with_octets(octets: bytes) -> Callable[[Context], bytes]:
    """A good message with octets that are no UTF-8 in a signed name."""
    return lambda ctx: swap(good(ctx), b"ZorgSoft", b"Zorg" + octets + b"Soft")


def with_declaration(declaration: bytes) -> Callable[[Context], bytes]:
    return lambda ctx: swap(good(ctx), _DECLARATION, declaration)


def charset(value: str) -> dict[str, str]:
    return {"Content-Type": f"text/xml; charset={value}"}


_WIDE = cases(
    "encoding",
    ("utf16-le-bom", "UTF-16 LE with mark", written("utf-16-le", codecs.BOM_UTF16_LE), "WIRE-012"),
    ("utf16-be-bom", "UTF-16 BE with mark", written("utf-16-be", codecs.BOM_UTF16_BE), "WIRE-012"),
    ("utf16-le", "UTF-16 LE without mark", written("utf-16-le"), "WIRE-012"),
    ("utf16-be", "UTF-16 BE without mark", written("utf-16-be"), "WIRE-012"),
    ("utf16-le-declared", "UTF-16 LE, declared so", declared("UTF-16", "utf-16-le", codecs.BOM_UTF16_LE), "WIRE-012"),
    ("utf16-declared-utf8", "UTF-8 declared as UTF-16", declared("UTF-16", "utf-8"), "WIRE-012"),
    ("utf16-bom-utf8", "UTF-8 behind a UTF-16 mark", written("utf-8", codecs.BOM_UTF16_LE), "WIRE-012"),
    ("utf16-bom-be-utf8", "UTF-8 behind a UTF-16 BE mark", written("utf-8", codecs.BOM_UTF16_BE), "WIRE-012"),
    ("utf16-bare", "UTF-16 without declaration or mark", written("utf-16-le", declaration=False), "WIRE-012"),
    ("utf32-le-bom", "UTF-32 LE with mark", written("utf-32-le", codecs.BOM_UTF32_LE), "WIRE-012"),
    ("utf32-be-bom", "UTF-32 BE with mark", written("utf-32-be", codecs.BOM_UTF32_BE), "WIRE-012"),
    ("utf32-le", "UTF-32 LE without mark", written("utf-32-le"), "WIRE-012"),
    ("utf32-be", "UTF-32 BE without mark", written("utf-32-be"), "WIRE-012"),
    ("utf8-bom-declared-utf16", "UTF-8 mark, UTF-16 declared", declared("UTF-16", "utf-8", codecs.BOM_UTF8), "WIRE-012"),
    ("utf8-two-boms", "two UTF-8 marks", written("utf-8", codecs.BOM_UTF8 * 2), "WIRE-001"),
    ("ucs4-declared", "ISO-10646-UCS-4 declared", declared("ISO-10646-UCS-4", "utf-8"), "WIRE-012"),
)
_NARROW = cases(
    "encoding",
    ("utf7-declared", "UTF-7", declared("UTF-7"), "WIRE-012"),
    ("utf7-undeclared", "UTF-7 markup in UTF-8", lambda ctx: good(ctx).replace(b"<c:Naam>", b"+ADw-c:Naam+AD4-"), "WIRE-001"),
    ("latin1", "Latin-1, declared so", declared("ISO-8859-1"), "WIRE-012"),
    ("latin15", "Latin-9", declared("ISO-8859-15"), "WIRE-012"),
    ("windows1252", "Windows-1252", declared("windows-1252"), "WIRE-012"),
    ("ebcdic", "EBCDIC", declared("IBM037"), "WIRE-001 WIRE-012"),
    ("ebcdic-declared", "UTF-8 declared as EBCDIC", declared("IBM037", "utf-8"), "WIRE-012"),
    ("shift-jis", "Shift_JIS", declared("Shift_JIS"), "WIRE-012"),
    ("gb18030", "GB18030", declared("GB18030"), "WIRE-012"),
    ("iso2022", "ISO-2022-JP with its escapes", declared("ISO-2022-JP"), "WIRE-012"),
    ("hz", "HZ, in which ~{ begins another text", declared("HZ-GB-2312", "utf-8"), "WIRE-012"),
    ("unknown", "an encoding that does not exist", declared("x-nonsense", "utf-8"), "WIRE-012"),
    ("empty", "an encoding without a name", with_declaration(b"<?xml version='1.0' encoding=''?>"), "WIRE-001 WIRE-012"),
    ("spaces", "UTF-16 behind line ends", with_declaration(b"<?xml version='1.0'\n\tencoding\n=\n'UTF-16'?>"), "WIRE-012"),
    ("double", "two encodings", with_declaration(b"<?xml version='1.0' encoding='utf-8' encoding='UTF-7'?>"), "WIRE-001 WIRE-012"),
    ("late", "encoding after standalone", with_declaration(b"<?xml version='1.0' standalone='yes' encoding='UTF-7'?>"), "WIRE-001 WIRE-012"),
    ("two-declarations", "two XML declarations", with_declaration(_DECLARATION * 2), "WIRE-001 WIRE-015"),
    ("late-declaration", "the declaration after a space", with_declaration(b" " + _DECLARATION), "WIRE-001 WIRE-015"),
    ("quoted-bracket", "an encoding behind a quoted bracket", with_declaration(b"<?xml version='1.0>' encoding='UTF-16'?>"), "WIRE-001 WIRE-012"),
    ("version-2", "XML 2.0", with_declaration(b"<?xml version='2.0'?>"), "WIRE-001"),
    ("version-1.1-control", "a control character that only XML 1.1 has", lambda ctx: swap(swap(good(ctx), "version='1.0'", "version='1.1'"), "ZorgSoft", "Zorg&#1;Soft"), "WIRE-001"),
)  # fmt: skip
_HEADERS = tuple(
    Case(
        id=f"charset-{name}",
        title=f"UTF-8 text, {value} in the Content-Type",
        kind="encoding",
        make=good,
        expect=frozenset({"VSB-WIRE-007"}),
        headers=charset(value),
    )
    for name, value in (
        ("utf16", "utf-16"),
        ("utf7", "utf-7"),
        ("latin1", "iso-8859-1"),
        ("twice", "utf-8; charset=utf-7"),
        ("quoted", '"utf-16"'),
    )
)
_OCTETS = cases(
    "encoding",
    ("overlong-2", "overlong slash in two octets", with_octets(b"\xc0\xaf"), "WIRE-001"),
    ("overlong-nul", "overlong NUL", with_octets(b"\xc0\x80"), "WIRE-001"),
    ("overlong-3", "overlong in three octets", with_octets(b"\xe0\x80\xaf"), "WIRE-001"),
    ("overlong-4", "overlong in four octets", with_octets(b"\xf0\x80\x80\xaf"), "WIRE-001"),
    ("overlong-bracket", "an overlong < that another reader takes for markup", with_octets(b"\xc0\xbcx\xc0\xbe"), "WIRE-001"),
    ("surrogate-high", "a lone high surrogate", with_octets(b"\xed\xa0\x80"), "WIRE-001"),
    ("surrogate-low", "a lone low surrogate", with_octets(b"\xed\xb0\x80"), "WIRE-001"),
    ("surrogate-pair", "a surrogate pair (CESU-8)", with_octets(b"\xed\xa0\xbd\xed\xb8\x80"), "WIRE-001"),
    ("surrogate-reference", "a surrogate as character reference", with_octets(b"&#xD800;"), "WIRE-001"),
    ("beyond", "beyond U+10FFFF", with_octets(b"\xf4\x90\x80\x80"), "WIRE-001"),
    ("beyond-reference", "beyond U+10FFFF as reference", with_octets(b"&#x110000;"), "WIRE-001"),
    ("reference-overflow", "a reference that overflows 32 bits", with_octets(b"&#x100000041;"), "WIRE-001"),
    ("five-octets", "a sequence of five octets", with_octets(b"\xf8\x88\x80\x80\x80"), "WIRE-001"),
    ("continuation", "a lone continuation octet", with_octets(b"\x80"), "WIRE-001"),
    ("truncated", "a truncated sequence", with_octets(b"\xe2\x82"), "WIRE-001"),
    ("latin1-octet", "a Latin-1 octet", with_octets(b"\xe9"), "WIRE-001"),
    ("noncharacter", "U+FFFE", with_octets("\ufffe".encode()), "WIRE-001"),
    ("nul", "a NUL octet", with_octets(b"\x00"), "WIRE-012 WIRE-001"),
    ("nul-reference", "NUL as reference", with_octets(b"&#0;"), "WIRE-001"),
    ("nul-end", "a NUL and a second document behind the first", lambda ctx: good(ctx) + b"\x00<evil/>", "WIRE-012 WIRE-001"),
    ("control", "a control character", with_octets(b"\x08"), "WIRE-001"),
    ("escape", "an escape character", with_octets(b"\x1b[2J"), "WIRE-001"),
    ("cut", "the message cut in the middle", lambda ctx: good(ctx)[:1500], "WIRE-001"),
    ("two-documents", "two messages in one body", lambda ctx: good(ctx) + good(ctx), "WIRE-001 WIRE-015"),
    ("json", "JSON", lambda _: b'{"Insz": "12071796092"}', "WIRE-001"),
    ("zip", "a ZIP archive", lambda _: b"PK\x03\x04" + bytes(60), "WIRE-012 WIRE-001"),
    ("random", "random octets", lambda _: bytes(range(1, 256)) * 20, "WIRE-001 WIRE-012"),
)  # fmt: skip

CASES: tuple[Case, ...] = _WIDE + _NARROW + _HEADERS + _OCTETS
