"""Verification that snapshots are what was written: takes an output folder, gives the files that are damaged and what to do.

Every file of a table or an index has its SHA-256 in the manifest; the manifest, the report and all of these have theirs in
`SHA256SUMS`. Files that snapshots share by hard links are read once.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from cleaners.errors import CopydeskError
from flows.settings import Settings
from flows.store.digests import MANIFEST, RENEWABLE, REPORT, SUMS, SUMS_KEY, Sums, contradicts, list_entries, parse_sums
from flows.store.files import file_sha256, read_bytes
from flows.store.locks import output_lock
from flows.store.objects import (
    POINTER,
    TRANSFERS_AT_ONCE,
    digest_object,
    get_object,
    list_keys,
    name_published,
    open_store,
    pointer_trouble,
)
from flows.store.remote import refetch_run
from flows.store.snapshots import ARCHIVE_INDEX, REBUILD_HINT, REINDEX_HINT, find_folder, parse_manifest

OTHER_BYTES = "has other bytes than were written (its SHA-256 differs)"
STRAY = "was not written by a run, and who reads its folder takes it for a part of the table"
RENEW_HINT = "The tables are sound. Write the report, the views and the digests afresh: copydesk report --renew"


class Verdict(NamedTuple):
    """Findings in a snapshot: how many files and bytes it has, and a phrase for each that is damaged, by its path.

    `snapshot` is its folder, or its address on object storage; `unnamed` are files that no run wrote and no reader minds;
    `has_sums` says whether its manifest and its report have digests, which older versions did not write.
    """

    snapshot: Path | str
    n_files: int
    n_bytes: int
    damaged: dict[str, str]
    unnamed: tuple[str, ...] = ()
    has_sums: bool = True

    @property
    def is_intact(self) -> bool:
        """Tell whether every file is what was written."""
        return not self.damaged

    @property
    def is_index_alone(self) -> bool:
        """Tell whether only the archive index is damaged, which can be rebuilt from the tables."""
        return not self.is_intact and all(name.startswith(ARCHIVE_INDEX) for name in self.damaged)

    @property
    def is_renewable(self) -> bool:
        """Tell whether only the report, the views or the file of digests is damaged, which can be written again."""
        return not self.is_intact and self.damaged.keys() <= {*RENEWABLE, SUMS}


class _Found(NamedTuple):
    """A file as it is: its digest and size, or why it has none."""

    sha256: str = ""
    n_bytes: int = 0
    trouble: str | None = None


# Gives what there is of each of some names, in their order.
_Finder = Callable[[list[str]], Iterable[_Found]]


def verify_output(settings: Settings, run_id: str, known: dict[int, str]) -> tuple[Verdict, str | None]:
    """Verify a snapshot where it is published; on object storage its mirror too, which is fetched again if it alone is damaged.

    Args:
        settings: the output.
        run_id: a run, or `latest`.
        known: as for `verify_snapshot`.

    Returns:
        What was found where it is published, and which file of the mirror was damaged.

    Raises:
        CopydeskError: there is no such snapshot; or the mirror is damaged, and a run is writing to it.
    """
    if not settings.is_remote:
        return verify_snapshot(find_folder(settings.folder, run_id), known), None
    name, verdict = verify_stored(settings.output, run_id)
    mirror = settings.folder / "runs" / name
    if not verdict.is_intact or not mirror.is_dir():
        return verdict, None
    here = verify_snapshot(mirror, known)
    if here.is_intact:
        return verdict, None
    with output_lock(settings.folder):
        refetch_run(settings, name)
    return verdict, next(iter(here.damaged))


def verify_snapshot(path: Path, known: dict[int, str] | None = None) -> Verdict:
    """Compare every file of a snapshot with its digests.

    Args:
        path: the snapshot's folder.
        known: digests by inode of files that were read before, to be added to; of one file system.
    """
    digests = {} if known is None else known
    there = [found.relative_to(path).as_posix() for found in path.rglob("*") if not found.is_dir()]
    try:
        manifest, sums = read_bytes(path / MANIFEST), read_bytes(path / SUMS)
    except OSError as error:
        return Verdict(path, 0, 0, {MANIFEST: f"cannot be read ({os.strerror(error.errno or 0)})"})
    return _judge(path, manifest, sums, there, lambda names: (_find(path / name, digests) for name in names))


def verify_stored(address: str, run_id: str = "latest") -> tuple[str, Verdict]:
    """Compare every object of a snapshot on object storage with its digests; each is read whole, and none is kept.

    Args:
        address: of the output.
        run_id: a run under `address`/runs, or `latest`: then the pointer is compared too.

    Returns:
        The run, and what was found.

    Raises:
        CopydeskError: nothing was published there, the pointer is damaged, or the store fails.
    """
    with open_store(address) as store:
        name = name_published(store) if run_id == "latest" else run_id
        if name is None:
            raise CopydeskError(f"Nothing was published in {address} yet.", "Run: copydesk run SOURCE...")
        prefix = f"runs/{name}/"
        manifest, sums = (get_object(store, prefix + file) for file in (MANIFEST, SUMS))
        there = [key[key.index(prefix) + len(prefix) :] for key in list_keys(store, prefix)]
        if not there:
            raise CopydeskError(f"There is no run {name} in {address}.", "`copydesk verify` looks at the latest one.")

        def find(names: list[str]) -> Iterable[_Found]:
            with ThreadPoolExecutor(TRANSFERS_AT_ONCE) as pool:
                digests = list(pool.map(lambda name: digest_object(store, prefix + name), names))
            return [_Found(*digest) if digest else _Found(trouble="is missing") for digest in digests]

        verdict = _judge(f"{address.rstrip('/')}/{prefix.rstrip('/')}", manifest, sums, there, find)
        if run_id == "latest" and MANIFEST not in verdict.damaged:
            trouble = pointer_trouble(get_object(store, POINTER) or b"", parse_manifest(manifest or b""))
            verdict.damaged.update({POINTER: trouble} if trouble else {})
        return name, verdict


def find_intact(output: Path, known: dict[int, str] | None = None) -> Path | None:
    """The newest snapshot of an output folder that is intact; None where there is none."""
    digests = {} if known is None else known
    for path in sorted((output / "runs").glob("*"), reverse=True):
        if verify_snapshot(path, digests).is_intact:
            return path
    return None


def describe_damage(
    verdict: Verdict, output: Path, known: dict[int, str] | None = None, address: str | None = None
) -> CopydeskError:
    """The error that says what is damaged in a snapshot and by which command it is mended.

    Args:
        verdict: of the snapshot.
        output: its output folder.
        known: as for `verify_snapshot`.
        address: of the output, where it is on object storage and the folder is but a mirror of it.
    """
    name, trouble = next(iter(verdict.damaged.items()))
    more = f", and {len(verdict.damaged) - 1} more" if len(verdict.damaged) > 1 else ""
    message = f"The snapshot {verdict.snapshot} is damaged: {name} {trouble}{more}."
    if address and isinstance(verdict.snapshot, Path):
        hint = f"It is the mirror of {address}: `copydesk verify` looks there, and fetches again what is sound there."
        return CopydeskError(message, hint)
    if set(verdict.damaged.values()) == {STRAY}:
        return CopydeskError(message, "Move it out of the snapshot; everything else is as it was written.")
    if verdict.is_index_alone:
        return CopydeskError(message, REINDEX_HINT)
    if verdict.is_renewable:
        return CopydeskError(message, f"{RENEW_HINT} {str(verdict.snapshot).rsplit('/', 1)[-1]}.")
    if set(verdict.damaged) == {POINTER}:
        run_id = str(verdict.snapshot).rsplit("/", 1)[-1]
        return CopydeskError(
            f"{POINTER} of {address} is damaged: it {trouble}.",
            f'The snapshot is sound. Put {{"run_id": "{run_id}"}} into it, or publish again: the next run writes it afresh.',
        )
    if address:
        back = f' Or go back to one that `copydesk verify RUN` finds intact: put {{"run_id": "RUN"}} into {address}/latest.json.'
        return CopydeskError(message, REBUILD_HINT + back)
    intact = find_intact(output, known)
    back = (
        f" Or go back to the newest intact snapshot, after which the next run reads what came since: ln -sfn runs/{intact.name} "
        f"{output / 'latest'}"
        if intact
        else ""
    )
    return CopydeskError(message, f"{REBUILD_HINT} Where there is a backup: copydesk restore BACKUP.{back}")


def _judge(
    place: Path | str, manifest: bytes | None, content: bytes | None, there: list[str], find: _Finder
) -> Verdict:
    """Compare what there is of a snapshot with its manifest and its file of digests.

    Args:
        place: of the snapshot.
        manifest: its bytes; None where there is none.
        content: of the file of digests; None where there is none.
        there: the names of all files.
        find: reads files by their names.
    """
    sums = None if content is None else parse_sums(content)
    damaged, entries, is_promised = {}, {}, False
    try:
        if manifest is None:
            damaged[MANIFEST] = "is missing"
        else:
            parsed = parse_manifest(manifest)
            entries, is_promised = list_entries(parsed), SUMS_KEY in parsed
            if contradicts(sums, manifest):
                damaged[MANIFEST] = f"is not what {SUMS} says: one of the two has other bytes than were written"
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        damaged[MANIFEST] = f"cannot be read ({type(error).__name__}: {error})"
    trouble = _sums_trouble(sums, {name: entry.get("sha256") for name, entry in entries.items()}, damaged, is_promised)
    if trouble:
        damaged[SUMS] = trouble
    also = {name: digest for name, digest in (sums.digests if sums else {}).items() if name != MANIFEST}
    names = list(dict.fromkeys([*entries, *also]))
    for name, found in zip(names, find(names), strict=True):
        entry = entries.get(name, {})
        n_bytes = entry.get("bytes", found.n_bytes)
        if found.trouble:
            damaged[name] = found.trouble
        elif found.n_bytes != n_bytes:
            damaged[name] = f"has {found.n_bytes} bytes, not {n_bytes}"
        elif found.sha256 != entry.get("sha256", also.get(name)) and not (
            MANIFEST in damaged and found.sha256 == also.get(name)
        ):
            damaged[name] = OTHER_BYTES
    own = {MANIFEST, SUMS} if sums or is_promised else {MANIFEST, REPORT}
    strays = sorted(set(there) - set(names) - own)
    is_read = [name.endswith(".parquet") and not Path(name).name.startswith(".") for name in strays]
    damaged |= {name: STRAY for name, read in zip(strays, is_read, strict=True) if read and MANIFEST not in damaged}
    return Verdict(
        place,
        len(names) + len(own & set(there)),
        sum(entry.get("bytes", 0) for entry in entries.values()),
        damaged,
        tuple(name for name, read in zip(strays, is_read, strict=True) if not read),
        bool(sums) or is_promised,
    )


def _sums_trouble(
    sums: Sums | None, digests: dict[str, str | None], damaged: dict[str, str], is_promised: bool
) -> str | None:
    """Describe what is wrong with the file of digests, given those of a manifest that it may vouch for."""
    if sums is None:
        return "is missing" if is_promised else None
    if sums.trouble or MANIFEST in damaged:
        return sums.trouble
    others = [name for name, digest in digests.items() if sums.digests.get(name) != digest]
    return f"and {MANIFEST} do not agree on {others[0]}" if others else None


def _find(path: Path, digests: dict[int, str]) -> _Found:
    """A file's digest and size, its digest taken from those by inode where it is known."""
    try:
        status = path.stat()
        if status.st_ino not in digests:
            digests[status.st_ino] = file_sha256(path)
    except FileNotFoundError:
        return _Found(trouble="is missing")
    except (OSError, ValueError) as error:  # a name that no file can have
        return _Found(trouble=f"cannot be read ({getattr(error, 'strerror', None) or error})")
    return _Found(digests[status.st_ino], status.st_size)
