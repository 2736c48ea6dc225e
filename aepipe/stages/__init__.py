"""The stages of a run. Each takes typed parameters and the results of earlier stages, and puts its files in the store.

A stage's fingerprint names its work, so the same work is done once, on whatever machine.
"""
