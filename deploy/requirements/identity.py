"""Identity of an environment, its place and Python: one that was moved or copied still runs the old place's code."""

import sys

print(sys.prefix, *sys.version_info[:2])
