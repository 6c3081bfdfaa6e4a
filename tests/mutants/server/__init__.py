"""Central applications with one fault: the real gateway, changed in one place."""

from tests.mutants.server import berichten, postbus, soap, trust
from tests.mutants.server.ingreep import INGREPEN

__all__ = ["INGREPEN", "berichten", "postbus", "soap", "trust"]
