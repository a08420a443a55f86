"""`views.sql`, views over a snapshot for DuckDB: takes the snapshot's folder, leaves the file in it.

The statements are data for whoever reads; nothing of Copydesk runs them, and DuckDB is needed by readers alone.
"""

from pathlib import Path

from flows.store.digests import VIEWS
from flows.store.files import write_bytes
from flows.store.snapshots import read_manifest

_HEAD = """\
-- Views over one snapshot of Copydesk, for DuckDB 1.1 or later. Say first where the snapshot lies, then read this file:
--   set variable snapshot = '/srv/news/latest';        -- or the address of a run on object storage
--   .read /srv/news/latest/views.sql
-- Without the variable it is the folder that DuckDB was started in. A view reads the snapshot whenever it is queried: name
-- the run's own folder (readlink -f output/latest) where several queries must see the same.
"""

# View -> the tables it needs, and its statement.
_STATEMENTS = {
    "canonical_articles": (
        ("articles", "clusters"),
        """\
-- One row a cluster: its canonical article, how many articles it has, on how many sites, and when it first and last ran.
create or replace view canonical_articles as
with ran as (
    select cluster_id, count(distinct site) as n_sites, min(published_at) as first_published_at,
        max(published_at) as last_published_at, max(published_run) as last_published_run
    from clusters join articles using (article_id) group by cluster_id
)
select a.*, c.cluster_size, r.n_sites, r.first_published_at, r.last_published_at, r.last_published_run, c.changed_run
from clusters c join articles a using (article_id) join ran r using (cluster_id)
where c.is_canonical;""",
    ),
    "removals_by_site": (
        ("articles", "removed_spans"),
        """\
-- What was cut, by site and rule: passages, articles that lost one, characters.
create or replace view removals_by_site as
select a.site, s.rule_id, s.category, count(*) as n_passages, count(distinct s.article_id) as n_articles,
    sum(s."end" - s.start) as n_characters
from removed_spans s join articles a using (article_id)
group by a.site, s.rule_id, s.category;""",
    ),
    "stories_of_the_day": (
        ("articles", "stories", "story_summary"),
        """\
-- Events that several reports tell in words of their own, the latest day (UTC) first, those of most papers first.
create or replace view stories_of_the_day as
select s.*, a.site as central_site, a.url as central_url
from story_summary s join articles a on a.article_id = s.central_article_id
where s.n_clusters > 1
order by cast(s.last_at at time zone 'UTC' as date) desc, s.n_papers desc, s.last_at desc;""",
    ),
    "people_by_day": (
        ("articles", "clusters", "name_mentions"),
        """\
-- Who was in the news on which day (UTC): articles that mention the person, and clusters, each counted once however often it ran.
create or replace view people_by_day as
select cast(a.published_at at time zone 'UTC' as date) as day, m.canonical as person,
    count(distinct m.article_id) as n_articles, count(distinct c.cluster_id) as n_clusters, count(*) as n_mentions
from name_mentions m join articles a using (article_id) join clusters c using (article_id)
where m.entity = 'person'
group by all;""",
    ),
    "changed_since": (
        ("changes",),
        """\
-- What changed after a run, each thing once: `from changed_since('20260301T060000Z-0a1b')`. The kind is what it came to.
create or replace macro changed_since(since) as table
select entity, id,
    case when arg_max(kind, run) = 'changed' and arg_min(kind, run) = 'added' then 'added' else arg_max(kind, run) end as kind,
    max(run) as run, arg_max(time, run) as time
from changes where run > since and entity <> 'snapshot'
group by entity, id;""",
    ),
    "is_covered": (
        ("changes",),
        """\
-- Whether `changes` has all that happened since a run; where not, read the snapshot whole.
create or replace macro is_covered(since) as
    exists (select 1 from changes where entity = 'snapshot' and id = since);""",
    ),
}


def write_views(snapshot: Path) -> None:
    """Write the views over the tables that a snapshot has, before it is published."""
    tables = [name for name in read_manifest(snapshot).manifest["tables"] if not name.startswith("index/")]
    views = [
        f"create or replace view {name} as from read_parquet("
        f"coalesce(getvariable('snapshot'), '.') || '/{name}/*.parquet');"
        for name in tables
    ]
    derived = [sql for needed, sql in _STATEMENTS.values() if set(needed) <= set(tables)]
    text = "\n\n".join([_HEAD + "\n-- The tables.\n" + "\n".join(views), *derived])
    write_bytes(f"{text}\n".encode(), snapshot / VIEWS)
