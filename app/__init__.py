"""Assay, a desktop laboratory: published methods on your own data and models."""

__version__ = "0.1.0"
