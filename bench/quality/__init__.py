"""Quality on labelled text: repeats and look-alikes planted in real paragraphs."""
