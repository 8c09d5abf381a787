"""What can go wrong in a set-up, in words a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterable

OFFLINE = re.compile(
    r"NewConnectionError|ConnectTimeoutError|ReadTimeoutError|NameResolutionError|ProxyError|Temporary failure in name"
    r"|Name or service not known|nodename nor servname|getaddrinfo failed|Network is unreachable|Connection refused"
    r"|No route to host|Connection reset by peer|Temporary failure resolving|Could not resolve|Unable to connect to"
)
CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|SSLError")
FULL = re.compile(r"No space left on device|Errno 28\b|not enough space on the disk|Disk quota exceeded", re.IGNORECASE)
HASHES = re.compile(r"THESE PACKAGES DO NOT MATCH THE HASHES|Hashes are required in --require-hashes")
NO_WHEEL = re.compile(r"No matching distribution found for ([^\s(]+)|is not a supported wheel on this platform")
DENIED = re.compile(r"Permission denied|Errno 13\b|Access is denied", re.IGNORECASE)


class SetupError(Exception):
    """The set-up cannot go on: what happened, and what the person can do about it."""

    def __init__(self, what: str, remedy: str = "", code: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.code = code


def explain(lines: Iterable[str]) -> tuple[str, str]:
    """What the output of pip or apt-get says went wrong, and the remedy; two empty texts when it is none we know."""
    text = "\n".join(lines)
    if FULL.search(text):
        return "The disk is full", "Free some space and start again; what was downloaded is kept."
    if HASHES.search(text):
        return (
            "A downloaded package is not the one that was locked, so it was not installed",
            "Clear the downloads with `pip cache purge` and start again; if it stays so, do not trust the mirror in use.",
        )
    if CERTIFICATE.search(text):
        return (
            "The certificate of the package index was not accepted",
            "Behind a company proxy, point PIP_CERT at its certificate file and start again.",
        )
    if OFFLINE.search(text):
        return (
            "No network: the package index could not be reached",
            "Check the connection (and HTTPS_PROXY, behind a proxy) and start again; what was downloaded is kept.",
        )
    if found := NO_WHEEL.search(text):
        package = found.group(1) or "one of the packages"
        return (
            f"There is no build of {package} for this machine",
            "Supported: Linux x86-64 with glibc 2.34 or newer, Windows x64, macOS 14 or newer on Apple silicon.",
        )
    if DENIED.search(text):
        return "A file could not be written", "Check who owns the project folder and .venv, then start again."
    return "", ""
