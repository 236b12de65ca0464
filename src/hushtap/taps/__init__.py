"""Where calls come from. Each tap yields ``PcmChunk`` on the call's own clock."""
