"""Receivers of a zorgkas with one fault: the reference receiver, changed in one place."""

from tests.mutants.zorgkas import bewijs, weigeren
from tests.mutants.zorgkas.ingreep import INGREPEN, serve

__all__ = ["INGREPEN", "bewijs", "serve", "weigeren"]
