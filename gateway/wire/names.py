"""Namespaces and fixed URIs of the wire (facts ehealth.md §1.1, §3.1)."""

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSA = "http://www.w3.org/2005/08/addressing"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
XADES_SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
XOP = "http://www.w3.org/2004/08/xop/include"
XML = "http://www.w3.org/XML/1998/namespace"

GENERIC_ASYNC = "urn:be:cin:nip:async:generic"
CIN_TYPES = "urn:be:cin:types:v1"
CIN_COMMON = "urn:be:cin:mycarenet:esb:common:v2"
ERRORS_SOA = "urn:be:fgov:ehealth:errors:soa:v1"
ANTWOORD = "urn:vsb-gateway:antwoord:v1"

X509_V3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
BASE64_BINARY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
BASE64_TRANSFORM = "http://www.w3.org/2000/09/xmldsig#base64"
OPTIONAL_DEFLATE = "urn:nippin:xml:sig:transform:optional-deflate"


def q(namespace: str, name: str) -> str:
    """Clark notation."""
    return f"{{{namespace}}}{name}"
