"""How long questions about single records take on a release of a million paragraphs."""
