"""RTP (RFC 3550): packets of two directions to one call on one clock."""
