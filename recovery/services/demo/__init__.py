"""A living business to try the desk with: three sites, eight people, ninety days, and a handful of tickets right now.

Told through the same services as real work, with a `now` that moves, so that chains, ledgers, clocks and promises are
true. Telephone numbers are of the ranges kept for fiction; every row is marked `is_demo`.
"""
