"""A large document read part by part: checked against its schema while it is parsed, never whole in memory.

It is the parser of gateway.wire.parser, with its bounds, fed piece by piece. What it refuses is explained afterwards, and only
then the document may have to be parsed whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.schema.explain import MAX_FINDINGS, from_log, wrong_root
from gateway.wire.parser import Bounds, Watch, parse, parser_options, syntax_refusal

MAX_EXPLAINED = 4 * 1024 * 1024
"""Octets of a document that is parsed whole to explain what its schema refuses; of a larger one libxml2 tells it, tersely."""


Take = Callable[[Element], None]
Steps = Callable[[], Iterable[bytes]]


class _Instruction(Exception):
    """An instruction, or the text of one in a comment: the whole parser knows which."""


def read_parts(steps: Steps, root: str, part: str, begin: Callable[[], Take], bounds: Bounds) -> Element:
    """Hand over every element `part` when it is complete, and let it go after.

    Args:
        steps: gives the document in steps, anew when a second reading is needed.
        root: tag of the root element; its namespace says which schema.
        part: tag of the parts, children of the root.
        begin: gives who takes the parts, anew when a second reading is needed. Nobody has said yet that they are valid, so a
            ValueError or LookupError only leads to that second reading.

    Returns:
        The root, without the parts.

    Raises:
        Refusal: as parse does, or SCHEMA.
    """
    try:
        return read_own(lambda: _watched(steps(), Watch(bounds)), root, part, begin, bounds)
    except _Instruction:
        return _whole(b"".join(steps()), root, part, begin(), bounds)


def _watched(steps: Iterable[bytes], watch: Watch) -> Iterator[bytes]:
    for step in steps:
        watch.look(step)
        if watch.instruction:
            raise _Instruction
        yield step


def read_own(steps: Steps, root: str, part: str, begin: Callable[[], Take], bounds: Bounds) -> Element:
    """The same of a document of our own making, whose steps need no watch; they are asked for before who takes the parts."""
    try:
        if (found := _fed(steps(), root, part, begin())) is not None:
            return found
        # Of a few octets the parser that is fed makes nothing, and says nothing either.
        entries = []
    except etree.XMLSyntaxError as error:
        if not _is_schema(error):
            raise syntax_refusal(error) from None
        entries = [e for e in error.error_log if e.domain == etree.ErrorDomains.SCHEMASV]
    except (ValueError, LookupError):
        entries = []
    if entries and sum(map(len, steps())) > MAX_EXPLAINED:
        findings = tuple(from_log(e) for e in entries[:MAX_FINDINGS])
        raise Refusal(Code.SCHEMA, findings=findings, omitted=max(0, len(entries) - MAX_FINDINGS))
    return _whole(b"".join(steps()), root, part, begin(), bounds)


def _fed(steps: Iterable[bytes], root: str, tag: str, take: Take) -> Element | None:
    schema = registry.compiled(str(etree.QName(root).namespace))
    parser = etree.XMLPullParser(("end",), tag=tag, schema=schema, **parser_options())
    last: Element | None = None

    def handle() -> None:
        nonlocal last
        for _, part in parser.read_events():
            take(part)
            part.clear()
            if last is not None and (parent := last.getparent()) is not None:
                # The newest stays until the next one came: the parser still builds behind it.
                parent.remove(last)
            last = part

    for step in steps:
        parser.feed(step)
        handle()
    found: Element | None = parser.close()
    handle()
    return found


def _is_schema(error: etree.XMLSyntaxError) -> bool:
    return any(entry.domain == etree.ErrorDomains.SCHEMASV for entry in error.error_log)


def _whole(octets: bytes, root: str, tag: str, take: Take, bounds: Bounds) -> Element:
    found = parse(octets, bounds)
    if found.tag != root and etree.QName(found).localname == etree.QName(root).localname:
        raise Refusal(Code.SCHEMA, findings=(wrong_root(found, root),))
    if found.tag != root:
        raise Refusal(Code.SCHEMA, place="/", line=found.sourceline, expected=root, found=str(found.tag)[:120])
    registry.check(found)
    for part in found.iterchildren(tag):
        take(part)
    return found
