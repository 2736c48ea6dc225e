"""Readers of the file formats that images come in. Any byte may be hostile: sizes are bounded, pickles tamed."""
