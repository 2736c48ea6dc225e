import os

# Before Prefect reads it: left alone, a run says every three minutes that it lives, and the server's automation takes
# one that has said nothing for 90 s for dead. Workers get it from their pools.
os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")
