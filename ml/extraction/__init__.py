"""What a message says, as stretches of its text: money, dates, places, people, units, programmes, parties.

Pure logic: a text, the day it came in and the names of divisions go in; spans come out (`ml.extraction.reading`).
Nothing here is a feature of a model: names and places never leave the casework that asked for them.
"""
