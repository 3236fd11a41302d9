"""Azathioprine against biologics and JAK inhibitors, fairly compared."""

__version__ = "0.1.0"
