"""What we send from, as a whole: whether it works, and what keeps it from working."""
