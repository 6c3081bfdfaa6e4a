"""Namespaces of the VSB messages."""

COMMON = "urn:vsb-gateway:common:v1"
AANVRAAG = "urn:vsb-gateway:aanvraag:v1"
ANTWOORD = "urn:vsb-gateway:antwoord:v1"
FACTUUR = "urn:vsb-gateway:factuur:v1"
VERZEKERBAARHEID = "urn:vsb-gateway:verzekerbaarheid:v1"
ATTESTATIE = "urn:vsb-gateway:attestatie:v1"
ZORGKAS = "urn:vsb-gateway:zorgkas:v1"
