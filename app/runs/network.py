"""Keeps a host on this machine: connections elsewhere are refused unless the user named the place, and are told."""

import ipaddress
import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from app.core import Config

OFFLINE_SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "DIFFUSERS_OFFLINE": "1",
}
QUIET_SETTINGS = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
NOWHERE = "http://127.0.0.1:9"
"""A proxy that no one serves: stops libraries which open connections outside Python's sockets."""

MOST_ATTEMPTS = 1000


class NetworkGuard:
    """Refuses what leads off this machine, except to the hosts it was told to allow."""

    def __init__(self) -> None:
        self._allowed: list[str] = []
        self._addresses: set[str] = set()
        self._resolving = False
        self.attempts: deque[str] = deque(maxlen=MOST_ATTEMPTS)
        self.reached: deque[str] = deque(maxlen=MOST_ATTEMPTS)
        """Hosts that were let through, each told once."""
        self._told: set[str] = set()

    def allow(self, hosts: Iterable[str]) -> None:
        """Let connections to `hosts` through; "*.example.org" stands for any name below."""
        self._allowed += [host.casefold() for host in hosts]

    def install(self) -> None:
        """Watch all sockets of this process, for good: an audit hook cannot be taken out again."""
        os.environ.update(QUIET_SETTINGS)
        if not self._allowed:
            os.environ.update(OFFLINE_SETTINGS)
            os.environ.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOWHERE))
            os.environ.update(dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1,::1"))
        watched: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "socket.connect": self._connect,
            "socket.sendto": self._connect,
            "socket.getaddrinfo": self._look_up,
            "socket.gethostbyname": self._look_up,
        }

        def audit(event: str, arguments: tuple[Any, ...]) -> None:
            check = watched.get(event)
            if check is not None:
                check(arguments)

        sys.addaudithook(audit)

    def _connect(self, arguments: tuple[Any, ...]) -> None:
        address = arguments[1]
        if not isinstance(address, tuple):
            return  # a local socket
        host = _text(address[0])
        if not (is_local(host) or self._named(host) or host in self._addresses):
            self._refuse(f"{host}:{address[1]}")
        if not is_local(host) and self._named(host):
            self._tell(host)

    def _look_up(self, arguments: tuple[Any, ...]) -> None:
        host = _text(arguments[0])
        if self._resolving or is_local(host) or _is_number(host):
            return  # a numeric address is judged where it is connected to
        if not self._named(host):
            self._refuse(host)
        self._tell(host)
        self._resolving = True
        try:
            self._addresses |= {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
        finally:
            self._resolving = False

    def _named(self, host: str) -> bool:
        return any(fnmatchcase(host, pattern) for pattern in self._allowed)

    def _tell(self, host: str) -> None:
        if host not in self._told:
            self._told.add(host)
            self.reached.append(host)

    def _refuse(self, place: str) -> None:
        self.attempts.append(place)
        raise ConnectionRefusedError(f"Assay refused a connection to {place}: the run may not leave this machine")


def named_hosts(config: Config) -> list[str]:
    """Hosts that the settings name: in URLs, or by the config's own `endpoints()`."""
    endpoints = getattr(config, "endpoints", None)
    hosts = [str(host) for host in endpoints()] if callable(endpoints) else []
    for value in config.model_dump().values():
        if isinstance(value, str) and "://" in value:
            try:
                hosts.append(urlsplit(value).hostname or "")
            except ValueError:
                continue  # no address at all: the task will say so where it is used
    return [host for host in hosts if host]


def is_local(host: str) -> bool:
    if host in ("", "localhost", "localhost.localdomain", "ip6-localhost"):
        return True
    return _is_number(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _text(host: object) -> str:
    if host is None:
        return ""
    return (host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)).casefold()
