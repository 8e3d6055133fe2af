"""The architecture families that a study can compare."""

from search_spaces.alexnet_lite import ALEXNET_LITE
from search_spaces.base import SearchSpace
from search_spaces.custom_cnn import CUSTOM_CNN

SPACES: dict[str, SearchSpace] = {space.name: space for space in (CUSTOM_CNN, ALEXNET_LITE)}
"""Families by name; a new one is a file here and an entry in this tuple."""

__all__ = ["SPACES", "SearchSpace"]
