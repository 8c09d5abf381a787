"""Set-up of a source tree: from a bare Python to a running Assay (standard library only)."""
