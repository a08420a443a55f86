"""Inputs of the landing zone: takes files, folders, globs and addresses, gives inputs with their digests.

An input is its bytes and its file name, wherever it lies; what is no input becomes a reject. Nothing is changed.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import polars as pl

from cleaners.document import REJECT_SCHEMA, make_id
from cleaners.errors import ConfigError
from flows.ingest.inputs import GZIP_MAGIC, name_version, open_input
from flows.ingest.json_forms import HEAD_BYTES, find_form
from flows.ingest.listing import Found, list_files
from flows.settings import InputConfig

INPUT_SCHEMA = pl.Schema(
    {
        "input_id": pl.String(),
        "source_uri": pl.String(),
        "name": pl.String(),
        "format": pl.String(),
        "n_bytes": pl.Int64(),
        "raw_sha256": pl.String(),
    }
)
FOUND_SCHEMA = pl.Schema(  # of files before their digest; one place may have several addresses
    {"uri": pl.String(), "place": pl.String(), "n_bytes": pl.Int64(), "reason": pl.String(), "detail": pl.String()}
)
DOCUMENT_FORMATS = frozenset({"text", "html"})
DIGEST_CHUNK = HEAD_BYTES
DIGESTED_AT_ONCE = 4_096  # inputs whose digests are waited for together: a million files are no million waiting calls

# Cuts of a file of JSON lines: offsets of beginnings of lines, at least DIGEST_CHUNK apart, and the lines before each.
Cuts = tuple[tuple[int, int], ...]
MAX_CUTS = 1 << 15  # of a file; beyond, every second one is forgotten


class Discovered(NamedTuple):
    """Inputs (`INPUT_SCHEMA`) and rejects (`REJECT_SCHEMA`), both sorted by `source_uri`.

    By address: where large files can be cut, what the store calls the bytes that were digested (`name_version`), and how many
    lines a file of plain JSON lines has.
    """

    inputs: pl.DataFrame
    rejects: pl.DataFrame
    cuts: dict[str, Cuts] = {}  # noqa: RUF012 -- never changed
    versions: dict[str, str] = {}  # noqa: RUF012
    n_lines: dict[str, int] = {}  # noqa: RUF012


class _Input(NamedTuple):
    """A row of `INPUT_SCHEMA`, where the file can be cut, and what the store calls its bytes."""

    input_id: str
    source_uri: str
    name: str
    format: str
    n_bytes: int
    raw_sha256: str
    cuts: Cuts
    version: str | None
    n_lines: int | None


def discover_inputs(sources: Sequence[str], config: InputConfig) -> Discovered:
    """Find and digest every input.

    Folders are searched to their depth, symbolic links followed once; files and folders whose name begins with a dot
    are passed over. The address of an input is the source as given with the path below it, with forward slashes.

    Args:
        sources: files, folders, globs (`**` for any depth) and fsspec addresses of any of them.
        config: suffixes and limits.

    Returns:
        The inputs, and rejects of stage `discover`: `unsupported_format`, `empty`, `too_large` (single documents),
        `unreadable`, `identical_input` (the same name and bytes again; the first address in order is kept).

    Raises:
        ConfigError: a source does not exist or matches nothing.
        CopydeskError: one cannot be listed. An empty folder is no error: a
            landing zone may be empty.
    """
    if not sources:
        raise ConfigError(
            "No source was given.", "Name a file, a folder, a glob or an address such as s3://bucket/news."
        )
    found = _list_all(sources)
    frames, rejects = [pl.DataFrame(schema=INPUT_SCHEMA)], []
    cuts: dict[str, Cuts] = {}
    versions: dict[str, str] = {}
    n_lines: dict[str, int] = {}
    with ThreadPoolExecutor(config.digest_threads) as pool:
        for some in found.iter_slices(DIGESTED_AT_ONCE):
            items = [
                Found(uri, n_bytes, reason and (reason, detail)) for uri, _, n_bytes, reason, detail in some.rows()
            ]
            results = list(pool.map(lambda item: _digest(item, config), items))
            inputs = [result for result in results if isinstance(result, _Input)]
            frames.append(pl.DataFrame([result[: len(INPUT_SCHEMA)] for result in inputs], INPUT_SCHEMA, orient="row"))
            cuts |= {result.source_uri: result.cuts for result in inputs if result.cuts}
            versions |= {result.source_uri: result.version for result in inputs if result.version}
            n_lines |= {result.source_uri: result.n_lines for result in inputs if result.n_lines is not None}
            rejects += [
                _reject(item.uri, *result, None, item.n_bytes)
                for item, result in zip(items, results, strict=True)
                if not isinstance(result, _Input)
            ]
    all_inputs = pl.concat(frames)
    is_first = all_inputs["input_id"].is_first_distinct()
    once = all_inputs.filter(is_first)
    again = all_inputs.filter(~is_first).join(once.select("input_id", first_uri="source_uri"), on="input_id")
    for row in again.iter_rows(named=True):
        detail = f"the same bytes under the same name as {row['first_uri']}"
        rejects.append(_reject(row["source_uri"], "identical_input", detail, row["raw_sha256"], row["n_bytes"]))
    for uri in again["source_uri"]:
        cuts.pop(uri, None)
        versions.pop(uri, None)
        n_lines.pop(uri, None)
    return Discovered(once, pl.DataFrame(rejects, REJECT_SCHEMA).sort("source_uri"), cuts, versions, n_lines)


def _list_all(sources: Sequence[str]) -> pl.DataFrame:
    """List what lies at the sources (`FOUND_SCHEMA`), each place once, sorted by address."""
    frames = [pl.DataFrame(schema=FOUND_SCHEMA)]
    items = (item for source in sources for item in list_files(source))
    while some := [_row_of(item) for item in islice(items, DIGESTED_AT_ONCE)]:
        frames.append(pl.DataFrame(some, FOUND_SCHEMA, orient="row"))
    return pl.concat(frames).unique("place", keep="first", maintain_order=True).sort("uri")


def _row_of(item: Found) -> tuple[str, str, int | None, str | None, str | None]:
    place = item.uri if "://" in item.uri else os.path.abspath(item.uri)  # noqa: PTH100 -- links stay
    return (item.uri, place, item.n_bytes, *(item.trouble or (None, None)))


def find_changed(inputs: pl.DataFrame, versions: Mapping[str, str], config: InputConfig) -> pl.DataFrame:
    """Find containers that no longer begin with the bytes that were discovered; documents are checked as they are read.

    A feed that only grew is none: what was added is another input, which the next run reads. A container is digested again,
    but where its store says that it still has the bytes of then.

    Args:
        inputs: frame of `INPUT_SCHEMA`, all of them read by now.
        versions: what the stores called the bytes of inputs when those were discovered.
        config: how many are looked at at a time.

    Returns:
        A reject (`REJECT_SCHEMA`) of stage `read` and reason `changed` for each.
    """
    containers = inputs.filter(~pl.col("format").is_in(list(DOCUMENT_FORMATS)))
    rows = containers.select("source_uri", "n_bytes", "raw_sha256").rows()
    with ThreadPoolExecutor(config.digest_threads) as pool:
        are_same = list(pool.map(lambda row: _is_as_it_was(row[0], row[1], row[2], versions.get(row[0])), rows))
    detail = "the file changed, or was cut short, after its discovery"
    rejects = [
        {**_reject(uri, "changed", detail, sha256, n_bytes), "stage": "read"}
        for (uri, n_bytes, sha256), is_same in zip(rows, are_same, strict=True)
        if not is_same
    ]
    return pl.DataFrame(rejects, REJECT_SCHEMA)


def format_of(name: str, config: InputConfig) -> str | None:
    """Return the format of a file by its suffix, with or without `.gz` after it; null where there is no reader.

    Args:
        name: base name of the file.
        config: the suffixes known.
    """
    stem = name.casefold().removesuffix(".gz")
    return config.suffixes.formats.get(PurePosixPath(stem).suffix) if not stem.startswith(".") else None


def _digest(item: Found, config: InputConfig) -> _Input | tuple[str, str]:
    """Digest a file in chunks; return what is known of it, or the reason and detail of its reject."""
    if item.trouble:
        return item.trouble
    name = item.uri.rsplit("/", 1)[-1]
    kind = format_of(name, config)
    if kind is None:
        return (
            "unsupported_format",
            f"no reader for {name!r}; known are {', '.join(config.suffixes.formats)}, also with .gz",
        )
    if item.n_bytes == 0:
        return "empty", "a file of 0 bytes"
    if kind in DOCUMENT_FORMATS and (item.n_bytes or 0) > config.max_bytes:
        return "too_large", f"{item.n_bytes} bytes, more than {config.max_bytes}"
    digest, n_bytes = hashlib.sha256(), 0
    lines = _LineCounter() if kind == "jsonl" else None
    version = None
    try:
        if kind not in DOCUMENT_FORMATS:
            version = name_version(item.uri)  # before the first byte: what changes from here on has another one
        with open_input(item.uri) as stream:
            while chunk := stream.read(DIGEST_CHUNK):
                digest.update(chunk)
                if lines:
                    lines.add(chunk)
                n_bytes += len(chunk)
    except Exception as error:  # each file system has its own errors; the other inputs must live
        return "unreadable", f"{type(error).__name__}: {error}"
    raw_sha256 = digest.hexdigest()
    cuts, n_lines = (lines.cuts(), lines.n_lines()) if lines else ((), None)
    return _Input(make_id("input", raw_sha256, name), item.uri, name, kind, n_bytes, raw_sha256, cuts, version, n_lines)


class _LineCounter:
    """Counts the lines of a file as it is read, and notes the first beginning of a line in each chunk."""

    def __init__(self) -> None:
        self._n_bytes = self._n_lines = 0
        self._found: list[tuple[int, int]] = []
        self._is_plain = False
        self._is_ended = True

    def add(self, chunk: bytes) -> None:
        """Read on."""
        if not self._n_bytes:
            self._is_plain = not chunk.startswith(GZIP_MAGIC) and find_form(chunk).is_plain
        end = chunk.find(b"\n") + 1
        if end and self._n_bytes:
            self._found.append((self._n_bytes + end, self._n_lines + 1))
            if len(self._found) == MAX_CUTS:
                del self._found[::2]
        self._n_lines += chunk.count(b"\n")
        self._n_bytes += len(chunk)
        self._is_ended = chunk.endswith(b"\n")

    def cuts(self) -> Cuts:
        """Return where the file can be cut: nowhere if it is packed, or its records are no lines."""
        return tuple(cut for cut in self._found if cut[0] < self._n_bytes) if self._is_plain else ()

    def n_lines(self) -> int | None:
        """Lines of the file; None where its records are something else."""
        return self._n_lines + (not self._is_ended) if self._is_plain else None


def _is_as_it_was(uri: str, n_bytes: int, raw_sha256: str, version: str | None) -> bool:
    """Tell whether an input still begins with the bytes that were discovered."""
    try:
        return (version is not None and name_version(uri) == version) or _digest_beginning(uri, n_bytes) == raw_sha256
    except Exception:  # each file system has its own errors; what cannot be read any more is not as it was
        return False


def _digest_beginning(path: str, n_bytes: int) -> str:
    """SHA-256 of so many bytes, or of as many as there are."""
    digest = hashlib.sha256()
    with open_input(path) as stream:
        while n_bytes > 0 and (chunk := stream.read(min(DIGEST_CHUNK, n_bytes))):
            digest.update(chunk)
            n_bytes -= len(chunk)
    return digest.hexdigest()


def _reject(uri: str, reason: str, detail: str, raw_sha256: str | None, n_bytes: int | None) -> dict[str, Any]:
    return {
        "source_uri": uri,
        "stage": "discover",
        "reason": reason,
        "detail": detail[:500],
        "raw_sha256": raw_sha256,
        "n_bytes": n_bytes,
    }
