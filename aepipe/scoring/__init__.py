"""Scores that say how unlike its training pictures a picture is to a model, and what they promise."""
