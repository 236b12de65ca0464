"""The section ``[siprec]``."""

from __future__ import annotations

from hushtap.gateway.listening import Section


class SiprecSection(Section):
    """Where the SIPREC recording server listens, and who is who in its calls."""
