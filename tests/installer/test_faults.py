"""The ways a set-up fails are recognised in what pip and apt-get really say."""

import pytest

from installer.faults import explain

OFFLINE = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'NewConnectionError('<HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -3] Temporary \
failure in name resolution')': /simple/numpy/
ERROR: Could not find a version that satisfies the requirement numpy==2.4.6 (from versions: none)
ERROR: No matching distribution found for numpy==2.4.6"""


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (OFFLINE, "No network"),
        ("E: Failed to fetch …  Temporary failure resolving 'deb.debian.org'", "No network"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one that was locked"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "certificate"),
        ("ERROR: No matching distribution found for av==18.1.0 (from x)", "no build of av==18.1.0"),
        ("ERROR: x.whl is not a supported wheel on this platform.", "no build of one of the packages"),
        ("PermissionError: [Errno 13] Permission denied: '/x'", "could not be written"),
    ],
)
def test_a_known_failure_is_named_with_its_remedy(said: str, what: str) -> None:
    found, remedy = explain(said.splitlines())
    assert what in found
    assert remedy


def test_an_unknown_failure_is_not_guessed_at() -> None:
    assert explain(["ERROR: something new"]) == ("", "")
