"""Storage: files below the data folder, WARC records in them, the embedded PostgreSQL."""
