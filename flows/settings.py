"""The settings of a run: one model behind the TOML file, the environment, the command line and the Prefect form."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cleaners.config import CleaningConfig
from cleaners.errors import ConfigError

DEFAULT_CONFIG_FILE = "copydesk.toml"


class ColumnNames(BaseModel):
    """Columns or keys of a container, by what they hold; the first one that is present and not empty counts."""

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
    """Suffixes of files, by what the files hold; each also with `.gz` after it."""

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
    """Settings of reading: what is read, up to which size, and how its columns are named."""

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


class Settings(BaseModel):
    """All settings of a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: list[str] = Field(
        [],
        description="Files, folders (read recursively), globs or fsspec addresses of .txt, .html, .htm (also .gz), "
        ".jsonl[.gz], .parquet and .warc[.gz].",
    )
    output: str = Field(
        "output",
        description="Folder of the published snapshots, or an address such as s3://bucket/news (docs/operations.md).",
    )
    dry_run: bool = Field(False, description="Do everything but publish: only the report is written.")
    retry: bool = Field(
        False,
        description="Read the inputs of earlier rejects again, wherever they lie, and nothing else; `sources` are not looked at.",
    )
    rebuild: bool = Field(
        False,
        description="Read every input again, as if nothing had been published: for when the latest snapshot is damaged. What is "
        "no longer among the sources will not be in the new snapshot.",
    )
    authority: str | None = Field(
        None,
        description="CSV file of names (canonical, aliases, roles, qid, source, entity) added to the core that ships with "
        "Copydesk; see the page on names.",
    )
    decisions: str | None = Field(
        None,
        description="CSV file of editors' decisions on name flags, which `copydesk review` writes; default: decisions.csv in "
        "`output`.",
    )
    mirror: str | None = Field(
        None,
        description="Folder that mirrors an output at an address; default: a folder of its own in the user's cache.",
    )
    report_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Address at which the output folder's reports can be opened, for the link in the Prefect UI. `copydesk serve` "
        "fills it in; without one the link names the file, which browsers open on the same machine only.",
    )
    workers: int = Field(0, ge=0, description="Worker processes; 0 means one for each core.")
    document_time_limit_seconds: float = Field(
        120.0,
        ge=1,
        description="Seconds that one document may take in a step (a worker's first one also has to load what the step needs); "
        "then the step is done again without it, and it becomes a reject. "
        "The slowest of the hostile corpus (bench/hostile) takes a tenth of it.",
    )
    worker_memory_bytes: int = Field(
        4 * 2**30,
        ge=0,
        description="Private memory in bytes that a worker may take for the documents of a shard beyond what it has, mapped "
        "files not counted; 0: as much as there is. What needs more becomes a reject.",
    )
    dask: str | None = Field(
        None,
        description="Where shards, and the parts of the steps over the archive, are worked on: by default in worker processes of "
        "this machine; `local` makes them the workers of a Dask cluster here; else the address of a Dask scheduler, whose workers "
        "must see `output` (or `mirror`) and the sources under the same paths.",
    )
    shard_bytes: int = Field(
        8 * 2**20,
        ge=2**16,
        description="Input bytes of the largest shards, about 10 s of work on text: less and the scheduler's 10 ms a task "
        "shows, more and a crash costs more. The last shards are smaller, so that the workers end together.",
    )
    max_shards: int = Field(
        100, ge=1, description="Most shards a run: the Prefect UI stays readable up to about 100 tasks."
    )
    keep_snapshots: int = Field(10, ge=1, description="Snapshots kept under output/runs; older ones are removed.")
    max_files_per_table: int = Field(
        200, ge=2, description="Above this many files in a table a run merges the older half into one."
    )
    input: InputConfig = Field(InputConfig(), description="What is read, and how its columns are named.")
    cleaning: CleaningConfig = Field(CleaningConfig(), description="The cleaning steps.")

    @property
    def is_remote(self) -> bool:
        """Tell whether the output is an address on object storage."""
        return "://" in self.output

    @property
    def folder(self) -> Path:
        """The local folder of the output: the output itself, or the mirror of an address."""
        if not self.is_remote:
            return Path(self.output)
        if self.mirror:
            return Path(self.mirror)
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "copydesk" / re.sub(r"[^\w.-]+", "-", self.output)

    @property
    def n_workers(self) -> int:
        """Worker processes to start: the setting, or the cores this process may use."""
        return self.workers or len(os.sched_getaffinity(0))


class _FileAndEnvironment(Settings, BaseSettings):
    """`Settings` filled from arguments, then `COPYDESK_*` variables (`__` between levels), then the TOML file."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="COPYDESK_", env_nested_delimiter="__")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings


def load_settings(config_file: str | Path | None = None, **given: Any) -> Settings:  # noqa: ANN401
    """Read the settings of a run.

    Args:
        config_file: a TOML file with the fields of `Settings`; None reads `copydesk.toml` here if there is one.
        given: what the caller sets; it wins over the environment, which wins over the file. None counts as not given.

    Raises:
        ConfigError: the file is missing, is not TOML, or a value does not fit; the message names the field.
    """
    path = Path(config_file) if config_file else Path(DEFAULT_CONFIG_FILE)
    from_file: dict[str, Any] = {}
    if config_file or path.exists():
        try:
            from_file = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"Cannot read the config file {path}: {error.strerror}.", "Check --config.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}.", "See docs/configuration.md.") from error
    try:
        environment = _FileAndEnvironment().model_dump(exclude_unset=True)
        chosen = {key: value for key, value in given.items() if value is not None}
        return Settings.model_validate(_merge(_merge(from_file, environment), chosen))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(
            f"The settings do not fit: {problems}.", "docs/configuration.md lists every field."
        ) from error


def _merge(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """`lower` with the values of `upper` over it, level by level."""
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
