"""History: what a site still lists of its past (sitemaps, WordPress, paged feeds, lists of addresses). Pure."""
