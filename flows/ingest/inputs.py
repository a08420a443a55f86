"""An input: a file or an address, opened, decoded as it comes, with the version that it had when it was found."""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import IO, Any, NamedTuple, Protocol

from cleaners.text import TextConfig
from flows.settings import InputConfig
from flows.workers.marks import Fate, Tries, mark_document

READ_AHEAD_BYTES = 2**20  # of what is read from an address
GZIP_MAGIC = b"\x1f\x8b"
# Packages with which fsspec opens these protocols.
OBJECT_STORES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
# Names under which their file systems give an object's entity tag or generation.
VERSION_KEYS = ("e_tag", "ETag", "etag", "generation")
# Errors that a broken or vanishing file raises; pyarrow's and fastwarc's errors are OSError or ValueError.
READ_ERRORS = (OSError, EOFError, zlib.error, ValueError)


class Piece(Protocol):
    """One input, or a part of a container: a stretch of it, or every `n_parts`-th record from record `part` on."""

    @property
    def source_uri(self) -> str:
        """Path or address, as fsspec opens it."""

    @property
    def name(self) -> str:
        """Base name of the file."""

    @property
    def format(self) -> str:
        """One of the formats of `Suffixes`."""

    @property
    def raw_sha256(self) -> str:
        """Digest of the file."""

    @property
    def part(self) -> int:
        """The number of the part, from 0."""

    @property
    def n_parts(self) -> int:
        """The number of parts that the records are dealt into."""

    @property
    def stretch(self) -> tuple[int, int, int] | None:
        """First byte (JSON lines) or row group (Parquet), the one after the last, and number of the first record there.

        None where the part is no stretch.
        """


class Unusable(NamedTuple):
    """A record that cannot be used; `number` is None for the input itself. Its address and outlet where they are known."""

    number: int | None
    reason: str
    detail: str
    raw_sha256: str | None = None
    n_bytes: int | None = None
    url: str | None = None
    site: str | None = None


@dataclass
class Tally:
    """Counts of one reading of a piece, against which its records and rejects are checked.

    `n_rows` are the rows met, of whichever part; of a Parquet file those of its footer. `n_passed_over` are rows of this part
    that are no records: blank lines, answers of a server that are no pages.
    """

    n_rows: int = 0
    n_passed_over: int = 0


class InputSource(NamedTuple):
    """A piece, how it is read, and what was counted as it was read."""

    piece: Piece
    config: InputConfig
    text: TextConfig
    tries: Tries
    tally: Tally

    def is_mine(self, number: int) -> bool:
        """Tell whether a record belongs to this part."""
        return self.piece.stretch is not None or number % self.piece.n_parts == self.piece.part

    def begin(self, number: int | None = None) -> Unusable | None:
        """Mark a record, or the input itself, as the one at hand; raise where it is quarantined."""
        name = self.piece.source_uri if number is None else f"{self.piece.source_uri}#{number}"
        fate: Fate | None = self.tries.fate_of(name)
        if fate:
            return Unusable(number, fate.reason, fate.detail, self.piece.raw_sha256 if number is None else None)
        mark_document(name)
        return None


def read_magic(stream: IO[bytes]) -> bytes:
    """The first two bytes of a stream; they stay to be read."""
    magic = stream.read(2)
    stream.seek(0)
    return magic


@contextmanager
def open_input(uri: str) -> Iterator[IO[bytes]]:
    """Open a local path or any address that fsspec knows, for reading bytes."""
    if "://" not in uri:
        with open(uri, "rb") as stream:  # noqa: PTH123 -- keeps odd paths as given
            yield stream
        return
    import fsspec

    register_object_stores()
    with fsspec.open(uri, "rb") as remote, io.BufferedReader(_Raw(remote), READ_AHEAD_BYTES) as stream:
        yield stream


class _Raw(io.RawIOBase):
    """File that fsspec opened, used only through `read`, `seek` and `tell`: obstore's files know no limit of a line."""

    def __init__(self, remote: IO[bytes]) -> None:
        self._remote = remote

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        data = self._remote.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seekable(self) -> bool:
        return self._remote.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._remote.seek(offset, whence)
        return self._remote.tell()

    def tell(self) -> int:
        return self._remote.tell()


def name_version(uri: str) -> str | None:
    """Return the name that an object store gives to the bytes now at an address: other bytes have another name.

    None where there is no such name. Times do not serve, as two writes may fall into one tick of a clock; nor do the entity
    tags of web servers, which are made of times.

    Raises:
        Exception: as the file system has it, where nothing lies there or it does not answer.
    """
    import fsspec

    if uri.partition("://")[0] not in OBJECT_STORES:
        return None
    register_object_stores()
    system, path = fsspec.core.url_to_fs(uri)
    system.invalidate_cache()  # some answer from what they listed before
    entry = system.info(path)
    return next((f"{key} {entry[key]}" for key in VERSION_KEYS if entry.get(key)), None)


@cache
def register_object_stores() -> None:
    """Let fsspec read object storage through obstore (the extra `s3`), unless its own package for it is installed."""
    if find_spec("obstore"):
        from obstore.fsspec import register

        for protocol, package in OBJECT_STORES.items():
            if not find_spec(package):
                register(protocol)
