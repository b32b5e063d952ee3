"""Prefect entry points and nothing else: decorators, parameters, schedules."""
