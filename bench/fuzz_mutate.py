"""Random changes: of octets, and of an XML tree in the ways in which signatures are wrapped."""

from __future__ import annotations

from copy import deepcopy
from random import Random

from lxml import etree
from lxml.etree import _Element as Element

from gateway.wire.names import DS, SOAP, WSSE, WSU, q

WORDS = (
    b"<", b">", b"/>", b"&", b"&amp;", b"&#0;", b"&#x41;", b'"', b"<!--x-->", b"<![CDATA[x]]>", b"<?x?>", b"<!DOCTYPE x>",
    b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'wsu:Id="x"', b'Id="x"', b' xmlns=""', b' xmlns:a="b"',
    b"#", b"=", b"\r\n", b"--", b"\r\n--B\r\n", b"\r\n--B--", b"\r\n\r\n", b"<ds:Transform/>", b"A" * 70, b" " * 50,
    b'<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:b"/>', b"0", b"-1", b"\x30\x80", b"\x02\x81\xff",
)  # fmt: skip
_IDS = (q(WSU, "Id"), "Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id", "AssertionID", "{urn:x}Id")
_TAGS = (
    q(WSSE, "Security"),
    q(WSSE, "BinarySecurityToken"),
    q(WSU, "Timestamp"),
    q(DS, "Signature"),
    q(DS, "Object"),
    q(DS, "Reference"),
    q(SOAP, "Body"),
    q(SOAP, "Header"),
    "{urn:x}Wrapper",
    "Wrapper",
)


def octets(data: bytes, random: Random) -> bytes:
    """One to four changes: octets flipped, removed, doubled, moved, or words put in."""
    out = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(out) + 1)
        length = random.choice((1, 1, 2, 8, 40, 300))
        match random.randrange(6):
            case 0 if at < len(out):
                out[at] ^= 1 << random.randrange(8)
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = out[at : at + length]
            case 3:
                piece = out[at : at + length]
                del out[at : at + length]
                to = random.randrange(len(out) + 1)
                out[to:to] = piece
            case _:
                out[at:at] = random.choice(WORDS)
    return bytes(out)


def tree(data: bytes, random: Random) -> bytes:
    """One to three changes of elements: doubled, moved, wrapped, renamed, emptied, given another's id or text."""
    root = etree.fromstring(data)
    for _ in range(random.randint(1, 3)):
        elements = [e for e in root.iter("*") if e is not root] or [root]
        _change(random.choice(elements), random.choice(elements), root, random)
    return etree.tostring(root, xml_declaration=random.random() < 0.5, encoding="utf-8")


def _change(one: Element, other: Element, root: Element, random: Random) -> None:
    parent = one.getparent()
    if parent is None:
        return
    match random.randrange(10):
        case 0:
            parent.remove(one)
        case 1:
            other.insert(random.randint(0, len(other)), deepcopy(one))
        case 2 if not _within(other, one):
            other.insert(random.randint(0, len(other)), one)
        case 3:
            wrapper = etree.Element(random.choice(_TAGS))
            parent.replace(one, wrapper)
            wrapper.append(one)
        case 4:
            _forge(one, other, random)
        case 5:
            one.text = random.choice((other.text, None, "", (one.text or "") + " ", (one.text or "")[::-1], "x"))
        case 6:
            ids = [str(v) for name in _IDS for v in root.xpath("//@*[name() = $n]", n=etree.QName(name).localname)]
            one.set(random.choice(_IDS), random.choice([*ids, other.get(q(WSU, "Id"), "x")]))
        case 7 if one.attrib:
            name = random.choice(list(one.attrib))
            if random.random() < 0.5:
                del one.attrib[name]
            else:
                one.set(name, random.choice((other.get(name) or "", "#x", "", one.get(name, "") + "x")))
        case 8:
            one.tag = random.choice((*_TAGS, other.tag))
        case _:
            one.addnext(etree.Comment("x") if random.random() < 0.5 else deepcopy(one))


def _forge(one: Element, other: Element, random: Random) -> None:
    """Put a changed copy where the element stood, and the element itself somewhere else."""
    parent = one.getparent()
    if parent is None or _within(other, one):
        return
    copy = deepcopy(one)
    for leaf in copy.iter("*"):
        if leaf.text and random.random() < 0.3:
            leaf.text = leaf.text[::-1]
    if random.random() < 0.5:
        for name in _IDS:
            copy.attrib.pop(name, None)
    parent.replace(one, copy)
    other.append(one)


def _within(element: Element, ancestor: Element) -> bool:
    return element is ancestor or any(a is ancestor for a in element.iterancestors())
