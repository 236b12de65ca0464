"""The review desk: supervisors listen to redacted calls in a browser, judge and correct.

::

    settings.py  roles.py        what may be set; who may do what, as one table
    database.py  accounts.py     beside the vault: people, how they sign in,
    sessions.py  credentials.py  their sessions
    guard.py     headers.py      every route declares its permission; nothing is allowed without
    desk.py      review.py       the vault as one person may see it; flags and comments
    cases.py                     what flagged misses teach: hushtap.tuning
    gateway.py   federation.py   calls that are up; people who sign in elsewhere
    access.py    disposals.py    whether accounts are needed; what takes two
    views.py     templates/      what pages show
    routes/      app.py          the pages
    server.py    tls.py          the process behind a port
    demo.py                      the same over sample calls, one person for each role
"""
