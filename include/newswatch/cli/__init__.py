"""The command `newswatch`."""
