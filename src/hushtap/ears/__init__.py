"""The ears: what turns windows of audio into words with times."""
