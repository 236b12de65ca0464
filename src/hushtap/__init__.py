"""Hushtap: spoken card numbers, codes, expiry dates and SSNs never reach the recording."""
