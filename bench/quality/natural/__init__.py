"""Quality on natural pairs: real paragraphs near the thresholds, judged by reading."""
