"""Spoken numbers: from words to digits, across turns and channels."""
