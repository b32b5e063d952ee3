"""A Parquet file of a release whose damage is said in words, wherever it is met."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from onrecord.errors import RefusedError


class Pages(pq.ParquetFile):  # type: ignore[misc]  # pyarrow has no types
    """Reads row groups with their page checksums verified.

    Without threads: groups are small, and a thread that still reads when the program ends takes
    it down.

    Args:
        source: the file.
        where: what to call it in messages.
        pre_buffer: read what belongs together at once; for files behind a network.
    """

    def __init__(self, source: Any, where: str, pre_buffer: bool) -> None:
        super().__init__(source, page_checksum_verification=True, pre_buffer=pre_buffer)
        self._where = where

    def read_row_groups(
        self,
        row_groups: Sequence[int],
        columns: Sequence[str] | None = None,
        **_: Any,
    ) -> pa.Table:
        """Some groups of rows.

        Raises:
            RefusedError: they are damaged.
        """
        names = list(columns) if columns is not None else None
        try:
            return super().read_row_groups(list(row_groups), columns=names, use_threads=False)
        except (OSError, pa.ArrowInvalid):
            raise RefusedError(
                f"{self._where}: damaged. `onrecord verify` tells which files are."
            ) from None

    def read_row_group(self, i: int, columns: Sequence[str] | None = None, **more: Any) -> pa.Table:
        """One group of rows; see `read_row_groups`."""
        return self.read_row_groups([i], columns, **more)
