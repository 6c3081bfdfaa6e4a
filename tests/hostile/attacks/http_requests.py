"""Requests that two HTTP readers cut at different places, or that never end; straight over a socket."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable

from gateway.wire.http import XML_CONTENT_TYPE
from tests.hostile.case import Case, Piece, Raw, answers, cases
from tests.hostile.context import Context
from tests.hostile.forge import good

PATH = "/soap/verzekerbaarheid/v1"
SMUGGLED = b"POST /soap/verzekerbaarheid/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\nsmugl"


def request(*lines: str, line: str = f"POST {PATH} HTTP/1.1", body: bytes = b"", host: str = "Host: gateway") -> bytes:
    """A request with exactly these headers after Host."""
    return "\r\n".join([line, *([host] if host else []), *lines, "", ""]).encode("latin-1") + body


def raw(*pieces: Piece, half_close: bool = False) -> Callable[[Context], Raw]:
    return lambda _: Raw.of(*pieces, half_close=half_close)


def with_good(build: Callable[[bytes], bytes]) -> Callable[[Context], Raw]:
    """A request made around the octets of a good message."""
    return lambda ctx: Raw.of(build(good(ctx)))


def chunked(message: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(message), message)


def endless(chunk: bytes, pause: float, first: bytes) -> Callable[[Context], Raw]:
    """Send a beginning, then the same octets for ever."""

    def pieces() -> Iterable[Piece]:
        yield first
        while True:
            yield chunk
            yield pause

    return lambda _: Raw(pieces=pieces)


_TEXT = f"Content-Type: {XML_CONTENT_TYPE}"
_CHUNKED = "Transfer-Encoding: chunked"
_SMUGGLING = cases(
    "HTTP smuggling",
    ("cl-te", "Content-Length and chunked", with_good(lambda m: request(_TEXT, f"Content-Length: {len(m)}", _CHUNKED, body=chunked(b"x") + SMUGGLED)), "HTTP:400 WIRE-001 closed"),
    ("te-cl", "chunked and a short Content-Length", with_good(lambda m: request(_TEXT, _CHUNKED, "Content-Length: 4", body=chunked(SMUGGLED))), "HTTP:400 WIRE-001 closed"),
    ("cl-cl", "two different Content-Lengths", raw(request(_TEXT, "Content-Length: 0", f"Content-Length: {len(SMUGGLED)}", body=SMUGGLED)), "HTTP:400"),
    ("cl-list", "a list of Content-Lengths", raw(request(_TEXT, "Content-Length: 0, 5", body=b"x")), "HTTP:400"),
    ("cl-plus", "a Content-Length with a sign", raw(request(_TEXT, "Content-Length: +5", body=b"hello")), "HTTP:400"),
    ("cl-minus", "a negative Content-Length", raw(request(_TEXT, "Content-Length: -1", body=b"hello")), "HTTP:400"),
    ("cl-hex", "a hexadecimal Content-Length", raw(request(_TEXT, "Content-Length: 0x5", body=b"hello")), "HTTP:400"),
    ("cl-underscore", "a Content-Length that only Python reads", raw(request(_TEXT, "Content-Length: 1_0", body=b"hellohello")), "HTTP:400"),
    ("cl-unicode", "a Content-Length in superscript", raw(request(_TEXT, "Content-Length: \xb2", body=b"he")), "HTTP:400"),
    ("cl-huge", "a Content-Length beyond 64 bits", raw(request(_TEXT, f"Content-Length: {'9' * 40}", body=b"x")), "HTTP:400 WIRE-003"),
    ("cl-4300", "a Content-Length of 5,000 digits", raw(request(_TEXT, f"Content-Length: {'9' * 5000}", body=b"x")), "HTTP:400 WIRE-003"),
    ("cl-space", "a space before the colon", raw(request(_TEXT, "Content-Length : 5", body=b"hello")), "HTTP:400"),
    ("cl-short", "a Content-Length shorter than the body", with_good(lambda m: request(_TEXT, "Content-Length: 20", body=m)), "WIRE-001 HTTP:400"),
    ("te-twice", "chunked twice", raw(request(_TEXT, _CHUNKED, _CHUNKED, body=chunked(b"x"))), "HTTP:400 HTTP:501"),
    ("te-identity", "identity and chunked", raw(request(_TEXT, "Transfer-Encoding: identity, chunked", body=chunked(b"x"))), "HTTP:400 HTTP:501"),
    ("te-unknown", "an unknown transfer coding", raw(request(_TEXT, "Transfer-Encoding: evil", body=b"x")), "HTTP:400 HTTP:501"),
    ("te-gzip", "gzip as transfer coding", raw(request(_TEXT, "Transfer-Encoding: gzip, chunked", body=chunked(gzip.compress(b"<x/>")))), "HTTP:400 HTTP:501"),
    ("te-tab", "a vertical tab before chunked", raw(request(_TEXT, "Transfer-Encoding: \x0bchunked", body=chunked(b"x"))), "HTTP:400 HTTP:501"),
    ("te-http10", "chunked in HTTP/1.0", raw(request(_TEXT, _CHUNKED, line=f"POST {PATH} HTTP/1.0", body=chunked(b"x") + SMUGGLED)), "HTTP:400 WIRE-001"),
    ("te-obs-fold", "chunked on a folded line", raw(request(_TEXT, "Transfer-Encoding:\r\n chunked", body=chunked(b"x"))), "HTTP:400 WIRE-001 HTTP:501"),
    ("chunk-size-bad", "a chunk size that is no number", raw(request(_TEXT, _CHUNKED, body=b"zz\r\nhello\r\n0\r\n\r\n")), "HTTP:400 closed"),
    ("chunk-size-huge", "a chunk size beyond 64 bits", raw(request(_TEXT, _CHUNKED, body=b"f" * 40 + b"\r\nhello\r\n0\r\n\r\n"), half_close=True), "HTTP:400 WIRE-003 SYS-004 closed"),
    ("chunk-size-negative", "a negative chunk size", raw(request(_TEXT, _CHUNKED, body=b"-5\r\nhello\r\n0\r\n\r\n")), "HTTP:400 closed"),
    ("chunk-longer", "a chunk longer than its size", raw(request(_TEXT, _CHUNKED, body=b"2\r\nhello\r\n0\r\n\r\n")), "HTTP:400 closed"),
    ("chunk-extension", "a chunk extension of a megabyte", raw(request(_TEXT, _CHUNKED, body=b"5;" + b"x" * 1_000_000 + b"\r\nhello\r\n0\r\n\r\n")), "HTTP:400 closed WIRE-001"),
    ("chunk-line-end", "bare line feeds in the chunks", raw(request(_TEXT, _CHUNKED, body=b"5\nhello\n0\n\n"), half_close=True), "HTTP:400 WIRE-001 SYS-004 closed"),
    ("bare-lf", "bare line feeds in the headers", raw(request(_TEXT, "Content-Length: 5", body=b"hello").replace(b"\r\n", b"\n")), "HTTP:400 WIRE-001"),
    ("bare-cr", "bare carriage returns in a header", raw(request(_TEXT, "X: a\rContent-Length: 5", "Content-Length: 5", body=b"hello")), "HTTP:400"),
    ("pipelined", "a second request within the first one's body", with_good(lambda m: request(_TEXT, "Content-Length: 3", body=b"<x/") + SMUGGLED), "WIRE-001 HTTP:400"),
    ("upgrade-h2c", "an upgrade to HTTP/2 with a hostile body", raw(request(_TEXT, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Content-Length: 5", body=b"hello")), "WIRE-001 HTTP:400"),
    ("upgrade-websocket", "an upgrade to a web socket", raw(request("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", line=f"GET {PATH} HTTP/1.1")), "HTTP:405 HTTP:400 HTTP:403"),
)  # fmt: skip
_LINES = cases(
    "HTTP request line",
    ("method-unknown", "a method nobody knows", raw(request("Content-Length: 0", line=f"EVIL {PATH} HTTP/1.1")), "HTTP:405 WIRE-008 HTTP:400"),
    ("method-lower", "post in lower case", raw(request("Content-Length: 0", line=f"post {PATH} HTTP/1.1")), "HTTP:405 WIRE-008 HTTP:400"),
    ("method-trace", "TRACE", raw(request(line=f"TRACE {PATH} HTTP/1.1")), "HTTP:405 WIRE-008"),
    ("method-connect", "CONNECT", raw(request(line="CONNECT 127.0.0.1:22 HTTP/1.1")), "HTTP:404 HTTP:405 HTTP:400"),
    ("method-put", "PUT", raw(request("Content-Length: 0", line=f"PUT {PATH} HTTP/1.1")), "WIRE-008"),
    ("method-delete", "DELETE", raw(request(line=f"DELETE {PATH} HTTP/1.1")), "WIRE-008"),
    ("method-long", "a method of 10,000 letters", raw(request(line="X" * 10_000 + f" {PATH} HTTP/1.1")), "HTTP:405 HTTP:400"),
    ("get", "GET", raw(request(line=f"GET {PATH} HTTP/1.1")), "HTTP:405"),
    ("get-body", "GET with a body", raw(request("Content-Length: 5", line=f"GET {PATH} HTTP/1.1", body=b"hello")), "HTTP:405"),
    ("version-09", "HTTP/0.9", raw(f"POST {PATH}\r\n\r\n".encode()), "HTTP:400"),
    ("version-2", "HTTP/2.0", raw(request("Content-Length: 5", line=f"POST {PATH} HTTP/2.0", body=b"hello")), "HTTP:400 HTTP:505 WIRE-007"),
    ("version-preface", "the preface of HTTP/2", raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(60)), "HTTP:400 HTTP:405 HTTP:404 HTTP:505"),
    ("version-word", "no version at all", raw(request(line=f"POST {PATH} HTTP/x.y")), "HTTP:400"),
    ("path-long", "an address of 60,000 characters", raw(request("Content-Length: 0", line=f"POST /{'a' * 60_000} HTTP/1.1")), "WIRE-009 HTTP:414 HTTP:400"),
    ("path-very-long", "an address of two million characters", raw(request("Content-Length: 0", line=f"POST /{'a' * 2_000_000} HTTP/1.1")), "HTTP:400 HTTP:414 HTTP:431 closed"),
    ("path-traversal", "out of the folder", raw(request("Content-Length: 0", line="POST /soap/../../../etc/passwd HTTP/1.1")), "WIRE-009"),
    ("path-encoded", "out of the folder, encoded", raw(request(line="GET /xsd/%2e%2e%2f%2e%2e%2fcerts-sample/gateway.key HTTP/1.1")), "HTTP:404"),
    ("path-absolute", "an absolute path among the schemas", raw(request(line="GET /xsd//etc/passwd HTTP/1.1")), "HTTP:404"),
    ("path-backslash", "out of the folder with backslashes", raw(request(line="GET /xsd/..\\..\\pyproject.toml HTTP/1.1")), "HTTP:404"),
    ("path-nul", "a NUL among the schemas", raw(request(line="GET /xsd/vsb/v1/common.xsd%00.txt HTTP/1.1")), "HTTP:404"),
    ("path-suffix", "a file that is no schema", raw(request(line="GET /xsd/../pyproject.toml HTTP/1.1")), "HTTP:404"),
    ("path-long-name", "a schema's name of 5,000 characters", raw(request(line=f"GET /xsd/{'a' * 5000}.xsd HTTP/1.1")), "HTTP:404"),
    ("path-overlong", "an overlong slash", raw(request(line="GET /xsd/..%c0%af..%c0%afpyproject.toml HTTP/1.1")), "HTTP:404"),
    ("path-surrogate", "octets that are no UTF-8", raw(request("Content-Length: 0", line="POST /soap/%ff%fe/v1 HTTP/1.1")), "WIRE-009"),
    ("path-control", "control characters in the service's name", raw(request("Content-Length: 0", line="POST /soap/%0d%0aX:%20y%1b/v1 HTTP/1.1")), "WIRE-009"),
    ("path-slash", "a slash behind the address", raw(request(_TEXT, "Content-Length: 5", line=f"POST {PATH}/ HTTP/1.1", body=b"hello")), "WIRE-009"),
    ("path-absolute-form", "an absolute address of somebody else", with_good(lambda m: request(_TEXT, "Content-Length: 5", line="POST http://169.254.169.254/latest/ HTTP/1.1", body=b"hello")), "WIRE-009 HTTP:400 HTTP:404"),
    ("metrics-post", "POST to the metrics", raw(request("Content-Length: 0", line="POST /metrics HTTP/1.1")), "WIRE-009 HTTP:405"),
    ("console", "the console, which is off", raw(request(line="GET /console/ HTTP/1.1")), "HTTP:404 HTTP:405"),
    ("docs", "FastAPI's own pages", raw(request(line="GET /openapi.json HTTP/1.1")), "HTTP:404 HTTP:405"),
    ("tls", "TLS where plain HTTP is spoken", raw(bytes.fromhex("16030100c8010000c40303") + bytes(190)), "HTTP:400 closed"),
    ("binary", "random octets", raw(bytes(range(256)) * 40), "HTTP:400 closed"),
    ("empty-lines", "ten thousand empty lines", raw(b"\r\n" * 10_000, half_close=True), "HTTP:400 closed"),
)  # fmt: skip
_HEADERS = cases(
    "HTTP headers",
    ("no-host", "no Host", raw(request(_TEXT, "Content-Length: 5", host="", body=b"hello")), "HTTP:400 WIRE-001"),
    ("two-hosts", "two Hosts", raw(request("Host: evil", _TEXT, "Content-Length: 5", body=b"hello")), "HTTP:400"),
    ("host-injection", "markup in Host", raw(request(_TEXT, "Content-Length: 5", host="Host: <script>", body=b"hello")), "HTTP:400 WIRE-001"),
    ("header-flood", "100,000 headers", raw(request(*(f"X-{n}: y" for n in range(100_000)), body=b"")), "HTTP:400 HTTP:431 closed"),
    ("header-flood-small", "3,000 headers", raw(request(*(f"X{n}: y" for n in range(3_000)), "Content-Length: 5", body=b"hello")), "HTTP:400 HTTP:431 WIRE-007"),
    ("header-huge", "one header of a megabyte", raw(request(f"X: {'y' * 1_000_000}", body=b"")), "HTTP:400 HTTP:431 closed"),
    ("header-name-huge", "a header name of 100,000 characters", raw(request(f"{'X' * 100_000}: y", body=b"")), "HTTP:400 HTTP:431 WIRE-007 closed"),
    ("header-nul", "a NUL in a header", raw(request("X: a\x00b", "Content-Length: 0")), "HTTP:400"),
    ("header-no-colon", "a header without colon", raw(request("evil", "Content-Length: 0")), "HTTP:400"),
    ("header-empty-name", "a header without name", raw(request(": evil", "Content-Length: 0")), "HTTP:400"),
    ("expect-unknown", "an expectation nobody knows", raw(request(_TEXT, "Expect: 200-evil", "Content-Length: 5", body=b"hello")), "HTTP:417 HTTP:400 WIRE-001"),
    ("expect-continue", "100-continue with a hostile body", raw(request(_TEXT, "Expect: 100-continue", "Content-Length: 5"), 0.3, b"hello"), "WIRE-001"),
    ("expect-never", "100-continue and then nothing", raw(request(_TEXT, "Expect: 100-continue", "Content-Length: 5")), "SYS-004"),
    ("expect-large", "100-continue for a body that is too large", raw(request(_TEXT, "Expect: 100-continue", "Content-Length: 99999999")), "WIRE-003"),
    ("range", "a Range on a schema (CVE-2025-62727)", raw(request("Range: bytes=" + ",".join(f"{n}-{n}" for n in range(0, 5000, 2)), line="GET /xsd/vsb/v1/nothing.xsd HTTP/1.1")), "HTTP:404"),
)  # fmt: skip


def typed(name: str, value: str, *, body: Callable[[Context], bytes] = good, expect: str = "WIRE-007", **headers: str) -> Case:
    return Case(
        id=f"type-{name}",
        title=f"Content-Type {value!r}" if not headers else f"{next(iter(headers))}: {next(iter(headers.values()))}",
        kind="HTTP content type",
        make=body,
        expect=answers(expect),
        headers={"Content-Type": value, **headers},
    )


_TYPES = (
    typed("none", ""),
    typed("json", "application/json"),
    typed("soap12", "application/soap+xml; charset=utf-8"),
    typed("xml", "application/xml"),
    typed("html", "text/html"),
    typed("form", "application/x-www-form-urlencoded"),
    typed("form-data", "multipart/form-data; boundary=x"),
    typed("mixed", "multipart/mixed; boundary=x"),
    typed("octets", "application/octet-stream"),
    typed("list", "text/xml, application/json"),
    typed("suffix", "text/xml-evil"),
    typed("prefix", "xtext/xml"),
    typed("long", "text/" + "x" * 5000),
    typed("external", "text/xml-external-parsed-entity"),
    typed("gzip-body", XML_CONTENT_TYPE, body=lambda ctx: gzip.compress(good(ctx)), expect="WIRE-007 WIRE-001 WIRE-012", **{"Content-Encoding": "gzip"}),
    typed("gzip-bomb", XML_CONTENT_TYPE, body=lambda _: gzip.compress(b" " * 100_000_000), expect="WIRE-007 WIRE-001 WIRE-012", **{"Content-Encoding": "gzip"}),
    typed("gzip-claim", XML_CONTENT_TYPE, **{"Content-Encoding": "gzip"}),
    typed("deflate-claim", XML_CONTENT_TYPE, **{"Content-Encoding": "deflate"}),
    typed("brotli-claim", XML_CONTENT_TYPE, **{"Content-Encoding": "br"}),
)  # fmt: skip
_SLOW = tuple(
    Case(id=id, title=title, kind="HTTP that never ends", make=make, expect=answers(expect), within=15.0)
    for id, title, make, expect in (
        ("chunks-endless", "chunks for ever", endless(b"1\r\nx\r\n", 0.05, request(_TEXT, _CHUNKED)), "SYS-004"),
        ("chunks-fast", "chunks for ever, as fast as they go", endless(b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0.0, request(_TEXT, _CHUNKED)), "WIRE-003 SYS-004"),
        ("chunks-silent", "chunked, and then nothing", raw(request(_TEXT, _CHUNKED)), "SYS-004"),
        ("body-missing", "a body that never comes", raw(request(_TEXT, "Content-Length: 1000")), "SYS-004"),
        ("body-drip", "a body of one octet at a time", endless(b"<", 0.1, request(_TEXT, "Content-Length: 100000")), "SYS-004"),
        ("body-half", "half a body, and then the end", raw(request(_TEXT, "Content-Length: 1000", body=b"<x>"), half_close=True), "SYS-004 HTTP:400 closed WIRE-001"),
        ("headers-half", "half a request line", raw(f"POST {PATH}".encode()), "HTTP:400 HTTP:408 SYS-004 closed"),
        ("headers-drip", "headers of one octet at a time", endless(b"X", 0.1, f"POST {PATH} HTTP/1.1\r\nHost: x\r\nX: ".encode()), "HTTP:400 HTTP:408 SYS-004 closed"),
        ("header-endless", "headers that never end", endless(b"X: y\r\n", 0.02, f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode()), "HTTP:400 HTTP:408 HTTP:431 SYS-004 closed"),
        ("nothing", "a connection and nothing more", raw(), "HTTP:408 SYS-004 closed"),
        ("type-slow", "a wrong content type, and a body that never comes", raw(request("Content-Type: text/html", "Content-Length: 1000")), "WIRE-007"),
        ("service-slow", "an unknown service, and a body that never comes", raw(request(_TEXT, "Content-Length: 1000", line="POST /soap/x/v1 HTTP/1.1")), "WIRE-009"),
    )
)  # fmt: skip

CASES: tuple[Case, ...] = _SMUGGLING + _LINES + _HEADERS + _TYPES + _SLOW
