"""Keys to other people's services: kept by the system's keyring, or as close to that as this machine allows."""

import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from app.core import AssayError
from app.runs.redaction import Redact, redactor
from app.runs.settings import config_folder

SERVICE = "assay"
FILE = "secrets.json"

Place = Literal["environment", "keyring", "session", "file", "nowhere"]

FILE_WARNING = (
    "The key will be written as plain text to a file that only your account may read. "
    "Anyone who can read your files, or a backup of them, can use it."
)
SESSION_NOTE = "This machine has no keyring that Assay can use, so the key is kept until Assay closes."


@dataclass(frozen=True)
class Known:
    """A secret that some workspace can use."""

    key: str
    title: str
    variable: str
    help: str


KNOWN: tuple[Known, ...] = (
    Known(
        "ibm_quantum.token",
        "IBM Quantum API key",
        "ASSAY_IBM_QUANTUM_TOKEN",
        "Made on the IBM Quantum Platform under “API key”; used only when a run names an IBM device.",
    ),
    Known(
        "ibm_quantum.instance",
        "IBM Quantum instance",
        "ASSAY_IBM_QUANTUM_INSTANCE",
        "The name or CRN of the instance whose time is used.",
    ),
)


class Keyring(Protocol):
    """What is asked of the system's keyring (and what a test hands in instead)."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class Secrets:
    """Reads, in this order: environment variable, keyring, this session, the opted-in file.

    A locked keyring may ask the user and block meanwhile: call from a worker thread, never from the window's.
    """

    def __init__(
        self,
        folder: Path | None = None,
        keyring: Callable[[], Keyring] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._folder = folder or config_folder()
        self._open_keyring = keyring or _system_keyring
        self._environment = environment
        self._session: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        """The secret, or None when nobody gave one. Raises AssayError for a key that is not in `KNOWN`."""
        return self._find(key)[1]

    def where(self, key: str) -> Place:
        """Which place holds the secret now."""
        return self._find(key)[0]

    def set(self, key: str, value: str, place: Literal["auto", "keyring", "session", "file"] = "auto") -> Place:
        """Keep `value` and say where: the keyring if it works, else this session. A file only when asked for."""
        known(key)
        value = value.strip()
        if not value:
            raise AssayError(
                "An empty key cannot be kept", where=known(key).title, remedy="Use Forget to remove a key."
            )
        self.forget(key)
        if place == "file":
            self._write_file({**self._read_file(), key: value})
            return "file"
        if place in ("auto", "keyring"):
            problem = self._keyring_does(lambda ring: ring.set_password(SERVICE, key, value))
            if problem is None:
                return "keyring"
            if place == "keyring":
                raise AssayError(
                    "The key could not be put into the keyring",
                    where=known(key).title,
                    why=problem,
                    remedy=f"Unlock the keyring, set {known(key).variable}, or keep the key for this session only.",
                )
        self._session[key] = value
        return "session"

    def forget(self, key: str) -> None:
        """Remove the secret from every place that Assay may write."""
        known(key)
        self._session.pop(key, None)
        stored = self._read_file()
        if key in stored:
            self._write_file({name: value for name, value in stored.items() if name != key})
        if self._from_keyring(key) is not None:
            self._keyring_does(lambda ring: ring.delete_password(SERVICE, key))

    def values(self) -> tuple[str, ...]:
        """Every secret in reach, for redaction."""
        found = (self.get(entry.key) for entry in KNOWN)
        return tuple(value for value in found if value)

    def redactor(self, home: Path | None = None) -> Redact:
        return redactor(self.values(), home)

    def keyring_problem(self) -> str | None:
        """Why the keyring cannot be used, or None when it can."""
        return self._keyring_does(lambda ring: ring.get_password(SERVICE, "probe"))

    def _find(self, key: str) -> tuple[Place, str | None]:
        if value := self._environment.get(known(key).variable, "").strip():
            return "environment", value
        if kept := self._from_keyring(key):
            return "keyring", kept
        if for_now := self._session.get(key):
            return "session", for_now
        if written := self._read_file().get(key):
            return "file", written
        return "nowhere", None

    def _from_keyring(self, key: str) -> str | None:
        found: list[str | None] = []
        self._keyring_does(lambda ring: found.append(ring.get_password(SERVICE, key)))
        return found[0] if found else None

    def _keyring_does(self, act: Callable[[Keyring], object]) -> str | None:
        """Do `act` with the keyring; the reason in words when there is none, or when it is locked."""
        from keyring.errors import KeyringError

        try:
            act(self._open_keyring())
        except KeyringError as error:
            return str(error).split(". ")[0] or type(error).__name__
        return None

    def _read_file(self) -> dict[str, str]:
        path = self._folder / FILE
        try:
            if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
                path.chmod(0o600)
            stored = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise AssayError(
                "The file of kept keys cannot be read",
                where=str(path),
                why=str(error),
                remedy="Delete it and enter the keys again.",
            ) from error
        return {str(name): str(value) for name, value in stored.items()} if isinstance(stored, dict) else {}

    def _write_file(self, stored: dict[str, str]) -> None:
        """Written under a temporary name that nobody else may read from the first byte, then moved into place."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / FILE
        if not stored:
            path.unlink(missing_ok=True)
            return
        temporary = path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(stored, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)


def known(key: str) -> Known:
    """The entry of `KNOWN` called `key`; raises AssayError with the names there are."""
    for entry in KNOWN:
        if entry.key == key:
            return entry
    raise AssayError(f"There is no key called “{key}”", remedy=f"Known keys: {', '.join(entry.key for entry in KNOWN)}")


def _system_keyring() -> Keyring:
    import keyring

    return keyring.get_keyring()
