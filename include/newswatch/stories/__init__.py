"""Stories: an entry and its page made one, recurring lines, edits, fingerprints."""
