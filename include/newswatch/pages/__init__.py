"""Pages: bytes of HTML → lines of a story's text, and the claims that the page makes about itself (its metadata)."""
