"""Each DAG's id once, and where the pages stand: DAGs, pages, notes and `make run` name them from here."""

from __future__ import annotations

POLL_FEEDS = "poll_feeds"
REFRESH_DAY = "refresh_day"
DAILY_DIGEST = "daily_digest"
WATCH_FEEDS = "watch_feeds"
MAINTAIN_STORE = "maintain_store"
RECOVER_HISTORY = "recover_history"
DAG_IDS = (POLL_FEEDS, REFRESH_DAY, DAILY_DIGEST, WATCH_FEEDS, MAINTAIN_STORE, RECOVER_HISTORY)
NETWORK, CPU = "newswatch_network", "newswatch_cpu"  # pools
PAST_SOURCES = ("sitemap", "wordpress", "paged_feed")  # as `newswatch recover --source` has them
PAGES_RESOURCE = "Newswatch"  # what a permission on the pages is about
PAGES = "/newswatch"  # below Airflow's own address
