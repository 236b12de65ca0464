"""SIPREC (RFC 7866): what a recording server reads and writes, without sockets or clocks."""
