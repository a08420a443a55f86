"""The addresses of a page: takes what links and metas say, gives hosts and the canonical address without tracking parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Query parameters that say where a reader came from, not what the page shows: of analytics (`utm_` is Google's, `mtm_`
# and `pk_` Matomo's), advertising clicks, mailings, and the share buttons of news sites.
TRACKING = re.compile(
    r"utm_.*|mtm_.*|pk_.*|hsa_.*|_hs(?:enc|mi)|fb(?:clid|_\w+)|[gd]clid|g(?:ad_source|braid)|wbraid|msclkid|yclid|twclid"
    r"|ttclid|li_fat_id|igshid|igsh|mc_[ce]id|mkt_tok|oly_(?:anon|enc)_id|vero_id|wickedid|s_cid|cmpid|icid|ncid|ocid"
    r"|smid|smtyp|xtor|ito|at_(?:medium|campaign|custom\d|link_\w+|ptr_\w+|format|bbc_team)|ns_\w+|_ga|_gl|ref_?src|__twitter_impression"
    r"|sr_share|soc_src|soc_trk|guccounter|guce_referrer(?:_sig)?|spm|rss|feed(?:Type|Name)|partner|ftag|taid|fbclid",
    re.I,
)


def host_of(url: str | None) -> str | None:
    """Return the host of an address in small letters, without `www.`; null where there is none."""
    if not url:
        return None
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname
    except ValueError:
        return None
    host = (host or "").casefold().removeprefix("www.")
    return host if "." in host or host == "localhost" else None


def clean_url(url: str) -> str | None:
    """Return an address without fragment and tracking parameters; null where it is no web address.

    Args:
        url: an absolute address.
    """
    try:
        parts = urlsplit(url.strip())
        if parts.scheme.casefold() not in {"http", "https"} or not parts.hostname:
            return None
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return None
    kept = [(key, value) for key, value in pairs if not TRACKING.fullmatch(key)]
    # A query that loses nothing stays as it is written: encoding it again could change it.
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    return urlunsplit((parts.scheme.casefold(), parts.netloc.casefold(), parts.path or "/", query, ""))


def is_front_page(url: str | None) -> bool:
    """Tell whether an address is a site's front page."""
    if not url or not host_of(url):
        return False
    parts = urlsplit(url)
    return re.fullmatch(r"/*(?:(?:index|home|default)(?:\.\w+)?/?)?", parts.path) is not None and not parts.query


def find_canonical(tree: HtmlElement, of_opengraph: str | None, url: str | None) -> tuple[str | None, str | None]:
    """Give the page's own address, cleaned, and its source.

    A front page given as the address of every page is a mistake of the site, and is passed over.

    Args:
        tree: the parsed page; it is not changed.
        of_opengraph: the address that its meta `og:url` gives, if any.
        url: where it was fetched from, if known.
    """
    links = [e.get("href") for e in tree.iter("link") if "canonical" in (e.get("rel") or "").casefold().split()]
    for stated, source in (*((link, "link") for link in links), (of_opengraph, "opengraph")):
        if not stated:
            continue
        try:
            address = clean_url(urljoin(url or "", stated.strip()))
        except ValueError:
            continue
        if address and not (is_front_page(address) and not is_front_page(url)):
            return address, source
    return None, None
