"""Stands in for pip where a page installs kue: checks that the extras it names exist, and installs nothing."""

import importlib.metadata
import re
import sys

known = set(importlib.metadata.metadata("kue").get_all("Provides-Extra") or ())
named = {extra for found in re.findall(r"\[(.*?)\]", " ".join(sys.argv[1:])) for extra in found.split(",")}
unknown = named - known
if sys.argv[1:2] != ["install"] or unknown:
    sys.exit(f"pip {' '.join(sys.argv[1:])}: unknown extras {sorted(unknown)}; there are {sorted(known)}")
