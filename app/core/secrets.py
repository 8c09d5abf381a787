"""Keys to other people's services as a task gets them: held in this process only, never in config, log or file."""

from collections.abc import Mapping

from app.core.errors import AssayError

_held: dict[str, str] = {}


def hold(values: Mapping[str, str]) -> None:
    """Keep `values` for this process (the host does so before a task starts)."""
    _held.update(values)


def secret(name: str) -> str:
    """The secret `name`; raises AssayError where the user has not given it."""
    if name not in _held:
        raise AssayError(
            f"The key “{name}” is not known", remedy="Enter it in Settings; services also need the offline switch off."
        )
    return _held[name]
