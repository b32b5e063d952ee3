"""Small operations on whole arrays, and arrays that grow."""

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

S = TypeVar("S", bound=np.generic)


def distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct values, sorted.

    NumPy's own ``unique`` puts integers into a hash table first, which takes three times as long
    as to sort them.
    """
    ordered = np.sort(values)
    first = np.ones(ordered.size, np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


class Growing(Generic[S]):
    """An array that grows.

    Args:
        dtype: of its elements.
        size: so many at first.
    """

    def __init__(self, dtype: type[S], size: int) -> None:
        self.dtype = np.dtype(dtype)
        self._array = np.empty(0, self.dtype)
        self._array = self._bigger(size)

    def room(self, needed: int) -> NDArray[S]:
        """The array, with room for at least so many elements."""
        if needed > self._array.size:
            self._array = self._bigger(needed + needed // 2)
        return self._array

    def _bigger(self, size: int) -> NDArray[S]:
        """An array of so many elements that begins like the one there is."""
        bigger = np.empty(size, self.dtype)
        bigger[: self._array.size] = self._array
        return bigger
