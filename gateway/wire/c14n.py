"""Canonical forms of one element, as XMLDSig needs them."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal


def exclusive(element: Element, prefixes: tuple[str, ...] = ()) -> bytes:
    """Exclusive C14N 1.0 without comments of a subtree (https://www.w3.org/TR/xml-exc-c14n/).

    Args:
        element: apex of the subtree.
        prefixes: InclusiveNamespaces PrefixList, "#default" for the default namespace.

    Raises:
        Refusal: STRUCTURE when libxml2 can not canonicalise (a relative namespace URI).
    """
    try:
        if not prefixes:
            return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
        wanted = [p for p in prefixes if p != "#default"]
        default = element.nsmap.get(None)
        if "#default" not in prefixes or default is None or element.prefix is None:
            return _scoped(_with_scope(element), wanted)
        return _with_default(element, default, wanted)
    except (etree.LxmlError, ValueError) as error:
        raise Refusal(Code.STRUCTURE, found=f"niet canoniseerbaar ({type(error).__name__})") from None


def inclusive(element: Element) -> bytes:
    """Inclusive C14N 1.0 without comments of a subtree, the default of a same-document Reference without transforms.

    Raises:
        Refusal: STRUCTURE when libxml2 can not canonicalise.
    """
    try:
        return etree.tostring(_with_scope(element), method="c14n", exclusive=False, with_comments=False)
    except (etree.LxmlError, ValueError) as error:
        raise Refusal(Code.STRUCTURE, found=f"niet canoniseerbaar ({type(error).__name__})") from None


def _with_scope(element: Element) -> Element:
    # lxml canonicalises a subtree without its ancestors' unused declarations; both forms above may need them.
    apex = etree.Element(element.tag, dict(element.attrib), nsmap=element.nsmap)
    apex.text = element.text
    for child in element:
        apex.append(deepcopy(child))
    return apex


def _scoped(apex: Element, prefixes: list[str]) -> bytes:
    return etree.tostring(apex, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes)


def _with_default(element: Element, default: str, prefixes: list[str]) -> bytes:
    # lxml hands libxml2 only prefixes that its dictionary knows, so never "#default". Inside a wrapper that uses the default
    # namespace it is rendered once, on the wrapper; it then moves to the apex, where a default declaration comes first.
    wrapper = etree.Element(f"{{{default}}}w", nsmap={None: default})
    declared = _scoped(wrapper, []).removesuffix(b"></w>")
    wrapper.append(_with_scope(element))
    inner = _scoped(wrapper, prefixes).removeprefix(declared + b">").removesuffix(b"</w>")
    name, space, rest = inner.partition(b" ")
    return name + declared.removeprefix(b"<w") + space + rest
