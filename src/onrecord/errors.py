"""The errors that a user sees: one clear message each, never a traceback.

Bad *input* is not an error: it becomes a quarantine record (``onrecord.ingest.quarantine``).
These are for what must stop a run.
"""


class OnrecordError(Exception):
    """Base of every error that ends a command with a message.

    Attributes:
        exit_code: what the process exits with: 1 for a refusal or a failed check, 2 for
            wrong usage or configuration.
    """

    exit_code = 1


class ConfigurationError(OnrecordError):
    """Something that a person wrote is wrong: a ``source.yml``, a setting, an argument."""

    exit_code = 2


class RefusedError(OnrecordError):
    """A release that must not be published, or an output that can't be written."""


class NotFoundError(OnrecordError):
    """A release or a record that was asked for does not exist."""
