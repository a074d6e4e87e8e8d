"""Days: a day's tables from its stories, polls and outcomes; syndication, trends, the data dictionary."""
