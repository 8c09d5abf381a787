"""Assay, a desktop laboratory: published methods on your own data and models."""

import os

# Pydantic would read the metadata of every installed package in search of plug-ins, at each start of each process.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

__version__ = "0.1.0"
