"""Topics: what users look for, and every mention of it with its proof."""
