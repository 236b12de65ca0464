"""The audit log of a vault: who did what to which recording, in a signed Merkle tree.

``docs/audit-log.md`` says how it lies on disk, so that another program can verify it.
"""
