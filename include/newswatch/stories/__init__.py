"""Stories: an entry and its page assembled, recurring boilerplate, edits, fingerprints for reprints."""
