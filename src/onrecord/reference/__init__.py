"""Pages of the documentation that are written from the code, so that they can't drift from it.

``python -m onrecord.reference docs`` brings all of them up to date.
"""

from onrecord.records.dictionary import dictionary
from onrecord.reference.codes import codes_page
from onrecord.reference.commands import commands_page
from onrecord.reference.keys import settings_page

#: What makes each page, by its name in ``docs/``.
PAGES = {
    "commands.md": commands_page,
    "data-dictionary.md": dictionary,
    "reason-codes.md": codes_page,
    "settings.md": settings_page,
}
