"""What a release states that it split off: apart from the code that does it, which is heavy."""

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
