"""Other people's models by kind: what is safe to load, loaded strictly; nothing of theirs is ever run as code."""
