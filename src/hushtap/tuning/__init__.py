"""From a flagged miss to a better policy.

::

    patterns.py    how a missed number was said: what is kept of it
    rereading.py   the same pattern said again by a synthetic voice, with its truth
    trials.py      labelled calls in memory, redacted and scored
    search.py      the policy that leaks less on them, and is nowhere worse on a guard set
"""
