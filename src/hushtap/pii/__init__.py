"""What a number is, and what the policy says about it."""
