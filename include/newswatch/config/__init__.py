"""feeds.yaml and topics.yaml: read, checked, edited."""
