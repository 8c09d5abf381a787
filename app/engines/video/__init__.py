"""Conditional video summarisation: shots, scores, a summary within a budget, and how far it agrees with people."""
