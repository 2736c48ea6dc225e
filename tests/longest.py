"""The files that begin first."""

from pathlib import Path

# What takes longest, or waits, the longest first: were it left to the end, one worker would wait for the other.
LONGEST = [
    Path(__file__).parent / name
    for name in (
        "flows/test_pipeline.py",
        "flows/test_data_checks.py",
        "deploy/apply/test_automations.py",
        "aepipe/training/test_resume.py",
        "aepipe/exports/test_write.py",
        "flows/test_interruption.py",
        "aepipe/training/test_devices.py",
    )
]
