"""What IBM Quantum and its library complain about, in words a person can act on, with the token taken out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.core import AssayError

HIDDEN = "•••"

TOKEN_PLACE = "IBM Quantum token"
ACCOUNT_PAGE = "quantum.cloud.ibm.com"

RAN_TOO_LONG = 1305
"""IBM's reason code of a job that was ended because it used more machine time than it was given."""


def redacted(text: str, secret: str) -> str:
    """`text` without the secret, wherever it stands."""
    return text.replace(secret, HIDDEN) if secret else text


@contextmanager
def in_words(doing: str, secret: str = "") -> Iterator[None]:
    """Turn what the library raises inside into an AssayError that says what we were `doing`.

    The original exception is not chained: its text and arguments may contain the token.
    """
    try:
        yield
    except library_faults() as error:
        raise explained(error, doing, secret) from None


def explained(error: Exception, doing: str, secret: str = "") -> AssayError:
    """The AssayError for an exception of the library."""
    said = redacted(str(error), secret)
    what, remedy, where = _sentence(error, said.lower())
    return AssayError(what, where=where, why=f"while {doing}: {said}", remedy=remedy)


def is_passing(error: BaseException) -> bool:
    """True for a fault that goes away by itself: no connection, a stalled answer, a busy or repairing server."""
    from requests import RequestException

    code = _code(error)
    if code in {408, 429} or code >= 500 or "maintenance mode" in str(error):
        return True
    if isinstance(error, (RequestException, ConnectionError, TimeoutError)):
        return True
    # The library wraps a failed request without an answer into this class, with code -1.
    return _named(error, "RequestsApiError") and code == -1


def library_faults() -> tuple[type[Exception], ...]:
    """Everything the library raises for reasons outside this program."""
    from ibm_cloud_sdk_core import ApiException
    from qiskit.exceptions import QiskitError
    from requests import RequestException

    return (QiskitError, ApiException, RequestException, OSError)


def _sentence(error: Exception, said: str) -> tuple[str, str, str]:
    """what, remedy, where; the first rule that fits."""
    code = _code(error)
    if getattr(error, "_reason_code", None) == RAN_TOO_LONG or _named(error, "RuntimeJobMaxTimeoutError"):
        return (
            "IBM ended the job because it ran too long",
            "Send fewer circuits or shots per job, or allow more QPU seconds.",
            "IBM Quantum job",
        )
    if is_passing(error) or (error.__cause__ is not None and is_passing(error.__cause__)):
        if code == 503 or "maintenance" in said:
            return ("IBM Quantum is under maintenance", "Try again later; nothing is lost.", "IBM Quantum")
        if code == 429:
            return ("IBM Quantum asks us to wait: too many requests", "Try again in some minutes.", "IBM Quantum")
        return (
            "IBM Quantum cannot be reached",
            "Check the connection and the proxy setting; a job that was sent goes on.",
            "network",
        )
    if _is_about_the_instance(error, said):
        return (
            "The account has no instance that may run this",
            f"Create an instance at {ACCOUNT_PAGE} (the Open plan is free) or choose another one.",
            "IBM Quantum instance",
        )
    if _is_about_the_token(error, code):
        return (
            "IBM Quantum does not accept the token",
            f"It may be mistyped, expired or revoked: make a new API key at {ACCOUNT_PAGE} and enter it again.",
            TOKEN_PLACE,
        )
    if _named(error, "QiskitBackendNotFoundError"):
        return (
            "IBM Quantum does not offer this machine any more",
            "Choose one from the list of machines, which is made anew for each session.",
            "IBM Quantum machine",
        )
    if "usage limit" in said or "no more time" in said:
        return (
            "The account has no machine time left",
            "Wait for the next period or use an offline device.",
            "IBM Quantum account",
        )
    if code == 403:
        return ("The account may not do this", "Choose another plan, instance or mode.", "IBM Quantum account")
    if _named(error, "RuntimeJobNotFound") or code == 404:
        return (
            "IBM Quantum does not know this job",
            "It belongs to another account or instance, or was deleted there.",
            "IBM Quantum job",
        )
    return ("IBM Quantum reported a fault", "Read the reason; the same step may work later.", "IBM Quantum")


def _is_about_the_instance(error: Exception, said: str) -> bool:
    if _named(error, "IBMInputValueError"):
        return "instance" in said
    return _named(error, "CloudResourceNameResolutionError") or "invalid `instance`" in said


def _is_about_the_token(error: Exception, code: int) -> bool:
    """The login service answers 400 to a key it does not know; the other services answer 401."""
    if _named(error, "InvalidAccountError") or _named(error, "IBMNotAuthorizedError"):
        return True
    return code == 401 or (code == 400 and _named(error, "ApiException"))


def _code(error: Any) -> int:
    """HTTP status the fault came with, -1 where there is none."""
    for name in ("status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, int):
            return value
    return -1


def _named(error: BaseException, name: str) -> bool:
    """Whether a class of this name is among the error's ancestors; spares an import per library and version."""
    return any(ancestor.__name__ == name for ancestor in type(error).__mro__)
