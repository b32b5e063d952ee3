"""What a release states of the boilerplate that it split off the texts it was glued to.

A module of its own, because whoever reads a release needs it, and not the engine.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class SplitOff(BaseModel):
    """A run of boilerplate as a release states it.

    Attributes:
        source_id: the source whose texts have it.
        side: where it is glued to them.
        text: one wording of it.
    """

    model_config = ConfigDict(frozen=True)

    source_id: str
    side: Literal["start", "end"]
    text: str
