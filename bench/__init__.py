"""Benchmarks: quality on labelled text, speed against the floor, both beside other tools."""
