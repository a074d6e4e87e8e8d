"""Letters and dates: what any stage may ask of a text, whatever it came from."""
