"""Raw records to documents: a page gives its story and metadata, a text file is its own story.

Takes a frame with `RAW_SCHEMA`, gives `Extracted`: documents with `DOCUMENT_SCHEMA` and one reject for each record that
is no article. Removes markup and what lies outside the story of a page; of a text file it removes nothing.
"""

from cleaners.extract.articles import RAW_SCHEMA, Extracted, extract_articles
from cleaners.extract.config import ExtractConfig
from cleaners.extract.page.addresses import host_of

__all__ = ["RAW_SCHEMA", "ExtractConfig", "Extracted", "extract_articles", "host_of"]
