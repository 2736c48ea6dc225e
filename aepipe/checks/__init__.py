"""Checks of a user's own images, after they were read and divided and before anything trains on them."""
