"""What is read: takes nothing, gives the settings of the input and the small types that its readers share."""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import IO, Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

from cleaners.text import TextConfig
from flows.watch import Caution, Fate, mark_document

READ_AHEAD_BYTES = 2**20  # of what is read from an address
GZIP_MAGIC = b"\x1f\x8b"
# What fsspec opens these protocols with, each a package of its own.
OBJECT_STORES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
# Under which names their file systems tell an object's entity tag or generation.
VERSION_KEYS = ("e_tag", "ETag", "etag", "generation")
# What a broken or vanishing file raises; pyarrow's and fastwarc's errors are OSError or ValueError.
READ_ERRORS = (OSError, EOFError, zlib.error, ValueError)


class ColumnNames(BaseModel):
    """Which columns or keys of a container hold what; the first one that is present and not empty counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    html: tuple[str, ...] = Field(
        ("html", "raw_html", "page_html"), description="The page's source; it counts before `text`."
    )
    text: tuple[str, ...] = Field(
        ("text", "body", "content", "article_text", "articleBody", "maintext", "plain_text"),
        description="The article's text, a string or a list of paragraphs.",
    )
    url: tuple[str, ...] = Field(
        ("url", "link", "uri", "source_url", "permalink"), description="The address it was fetched from."
    )
    title: tuple[str, ...] = Field(("title", "headline"), description="The headline.")
    site: tuple[str, ...] = Field(
        ("site", "source", "domain", "source_domain", "publisher", "outlet", "site_name"), description="The outlet."
    )
    authors: tuple[str, ...] = Field(
        ("authors", "author", "byline"), description="The authors, a list or a string with semicolons."
    )
    published_at: tuple[str, ...] = Field(
        ("published_at", "published", "datePublished", "date_publish", "publish_date", "pubdate", "pub_date", "date"),
        description="When it was published.",
    )
    fetched_at: tuple[str, ...] = Field(
        ("fetched_at", "crawled_at", "date_download", "retrieved_at", "downloaded_at", "fetch_time", "crawl_date"),
        description="When it was fetched.",
    )
    id: tuple[str, ...] = Field(
        ("id", "article_id", "doc_id", "guid", "uuid"),
        description="The source's own id; makes the article's id where there is no address.",
    )


class Suffixes(BaseModel):
    """Which files hold what, by their suffixes; each also with `.gz` after it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: tuple[str, ...] = Field((".txt",), description="Plain texts, an article each.")
    html: tuple[str, ...] = Field((".html", ".htm", ".xhtml"), description="Web pages.")
    jsonl: tuple[str, ...] = Field((".jsonl", ".ndjson"), description="JSON lines, a record each.")
    parquet: tuple[str, ...] = Field((".parquet",), description="Parquet, a record a row.")
    warc: tuple[str, ...] = Field((".warc",), description="Web archives.")

    @property
    def formats(self) -> dict[str, str]:
        """The format of each suffix."""
        return {suffix: name for name in type(self).model_fields for suffix in getattr(self, name)}


class InputConfig(BaseModel):
    """What is read, up to which size, and how its columns are named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suffixes: Suffixes = Field(Suffixes(), description="File suffixes of each format, each also with `.gz` after it.")
    columns: ColumnNames = Field(ColumnNames(), description="Column names of JSON lines and Parquet files.")
    max_bytes: int = Field(
        20_000_000,
        ge=1_000,
        description="Largest document in bytes, decompressed; in a container, largest record. trafilatura's own limit "
        "(MAX_FILE_SIZE).",
    )
    batch_documents: int = Field(500, ge=1, description="Most records in a batch of one input.")
    batch_bytes: int = Field(
        64_000_000,
        ge=1_000_000,
        description="A batch of one input ends with the record that reaches this size in bytes.",
    )
    parquet_rows: int = Field(
        128, ge=1, description="Rows decoded at a time from a Parquet file; pages have some 100 kB, articles 5 kB."
    )
    digest_threads: int = Field(
        8,
        ge=1,
        le=64,
        description="Inputs digested at a time: hashing frees the interpreter, and object storage waits.",
    )


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
        """Which part, from 0."""

    @property
    def n_parts(self) -> int:
        """How many parts the records are dealt into."""

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
    caution: Caution
    tally: Tally

    def is_mine(self, number: int) -> bool:
        """Tell whether a record belongs to this part."""
        return self.piece.stretch is not None or number % self.piece.n_parts == self.piece.part

    def begin(self, number: int | None = None) -> Unusable | None:
        """Mark a record, or the input itself, as the one at hand; say so where it is condemned."""
        name = self.piece.source_uri if number is None else f"{self.piece.source_uri}#{number}"
        fate: Fate | None = self.caution.fate_of(name)
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
    """What fsspec opened, of which only `read`, `seek` and `tell` are asked: obstore's files know no limit of a line."""

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
    """What an object store calls the bytes that lie at an address now: other bytes have another name.

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
