"""Encrypted recordings. Other packages import ``hushtap.vault.recordings`` only."""
