"""Text from anywhere: its charset and language, dates in it, and making it fit to be stored."""
