"""Elijah and its neighbours: backdoors of diffusion models planted, found by trigger inversion, and removed."""
