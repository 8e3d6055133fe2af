"""Measurements of this project's speed, side by side with what else one would use."""
