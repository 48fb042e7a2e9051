"""Defines the error of an argument that cannot be used."""

from __future__ import annotations


class WrongValue(Exception):
    """An argument of the right type that cannot be used all the same; the text is for a model."""
