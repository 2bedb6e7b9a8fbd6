"""Yes, look or stop for one payment before it is made: `desk` answers, over an `index` built once a night.

`reach` reads off a model's SQL which rows can matter, `plan` chooses the models that can be asked, `questions` writes
them as SQL, `coverage` says whether they can be computed, `payment` reads a payment as an office writes it.
"""
