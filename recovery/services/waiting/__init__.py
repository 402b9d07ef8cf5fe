"""Who waits for a free colleague: their place in line, whose turn it is, and what they answer."""
