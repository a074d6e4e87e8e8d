"""Topics: what users look for (the schema of topics.yaml), and the matcher that finds and proves every mention."""
