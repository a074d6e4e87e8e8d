"""Pages: bytes of HTML to lines of text and the claims that the page makes about itself."""
