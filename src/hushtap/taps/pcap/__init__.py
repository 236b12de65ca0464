"""Packet captures: the calls in them, found and paired."""
