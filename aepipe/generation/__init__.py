"""New pictures of a model, and how good they are: codes to decode, their likelihood, their distance from real ones."""
