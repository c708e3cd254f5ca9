"""The 145 words that Node's index leaves out: those of natural 0.2.1.

They are compared as they are written: `the` is left out, `The` is not. `$` is one of them, though no word has it.
"""

from __future__ import annotations

import string

_PRONOUNS = """
    he him himself his her it me my our their them they we you your
    that these this those what which who
"""
_VERBS = """
    am are be been being is was were
    did do got get had has have make said see take
    came can come could might must should would
"""
_PREPOSITIONS = "about after at before between by for from in into of on over since through to under up with"
_CONJUNCTIONS = "and as because but if or than while"
_ADVERBS = "also here how like much never now only out still then there too very way well where"
_DETERMINERS = "all an another any both each many more most other same some such the"

_CHARACTERS = string.ascii_lowercase + string.digits + "_$"

STOP_WORDS = frozenset(
    [*_CHARACTERS, *" ".join((_PRONOUNS, _VERBS, _PREPOSITIONS, _CONJUNCTIONS, _ADVERBS, _DETERMINERS)).split()]
)
