"""Run the command line with ``python -m onrecord``."""

from onrecord.commands import main

main()
