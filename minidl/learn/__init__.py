"""A course of exercises: what a student fills in, how it is judged, and how it is graded."""

from .notebook import Report, check

__all__ = ["Report", "check"]
