"""What orchestration costs: a release as a Prefect flow beside the same on the command line."""
