"""`SHA256SUMS`, the digests of all files of a snapshot, its manifest and its report among them: bytes in, names and digests out.

The manifest cannot hold a digest of itself, and the report is written after it. The format is that of `sha256sum`, so that
`sha256sum -c SHA256SUMS` checks a snapshot, or a copy of it, on a machine without Copydesk. Whatever reads the file reads it
strictly: each bit of it counts.
"""

import hashlib
import re
from typing import Any, NamedTuple

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
REPORT = "report.html"
VIEWS = "views.sql"
# Made of the tables, and read by no run: they can be made again.
RENEWABLE = frozenset({REPORT, VIEWS})
# In the manifest, what names the file of digests; manifests of older versions do not have it.
SUMS_KEY = "digests"

_LINE = re.compile(r"([0-9a-f]{64})  (\S(?:.*\S)?)")


class Sums(NamedTuple):
    """The file of digests: digests by the names of files, or why it cannot be read."""

    digests: dict[str, str]
    trouble: str | None


def format_sums(digests: dict[str, str]) -> bytes:
    """The file of digests by name, as `sha256sum` writes it."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def parse_sums(content: bytes) -> Sums:
    """Read the file of digests; one that is not to the bit as `format_sums` writes it has a trouble, and no digests."""
    try:
        found = [_LINE.fullmatch(line) for line in content.decode("utf-8").split("\n")[:-1]]
        digests = {match[2]: match[1] for match in found if match}
    except UnicodeDecodeError:
        digests = {}
    is_whole = bool(digests) and format_sums(digests) == content
    return Sums(digests, None) if is_whole else Sums({}, "cannot be read: it is not as it was written")


def contradicts(sums: Sums | None, manifest: bytes) -> bool:
    """Tell whether the file of digests says something else of the manifest than its bytes do; never where it cannot be read."""
    return bool(sums) and not sums.trouble and sums.digests.get(MANIFEST) != digest_bytes(manifest)  # type: ignore[union-attr]


def list_entries(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the manifest's entries of its files, by their names."""
    return {str(entry["path"]): entry for table in manifest["tables"].values() for entry in table["files"]}


def digest_bytes(content: bytes) -> str:
    """SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()
