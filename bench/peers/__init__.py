"""Other deduplicators on the same paragraphs, each in an environment of its own."""
