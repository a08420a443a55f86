"""Every setting of the cleaning steps in one model; each step's own model stands beside the step.

Takes nothing, gives `CleaningConfig`: frozen, checked and described, so that a TOML file, the environment, the flow's
form in the Prefect UI and `docs/configuration.md` are all generated from it.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from cleaners.extract import ExtractConfig
from cleaners.junk import StripConfig
from cleaners.names import NamesConfig
from cleaners.neardup import NearDuplicateConfig
from cleaners.quality import QualityConfig
from cleaners.stories import StoriesConfig
from cleaners.text import TextConfig


class CleaningConfig(BaseModel):
    """Settings of the cleaning steps; a change here re-cleans what it can touch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: TextConfig = Field(TextConfig(), description="Encoding and repair of text.")
    extract: ExtractConfig = Field(
        ExtractConfig(), description="From a page or a text file to title, metadata and text."
    )
    strip: StripConfig = Field(StripConfig(), description="Removal of what is not the story.")
    near_duplicates: NearDuplicateConfig = Field(
        NearDuplicateConfig(), description="Which articles are copies of one text."
    )
    names: NamesConfig = Field(NamesConfig(), description="Which names do not agree.")
    stories: StoriesConfig = Field(StoriesConfig(), description="Which articles tell one event.")
    quality: QualityConfig = Field(QualityConfig(), description="The gates that stop a publication.")
