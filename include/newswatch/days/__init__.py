"""Days: the tables that a day's stories, polls and outcomes make."""
