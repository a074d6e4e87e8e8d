"""Where bytes are kept: files, WARC records, the embedded PostgreSQL."""
