"""Encrypted recordings. Other packages import ``recordings``, ``keyring`` and ``keys`` only."""
