"""What the kitchen, stock and IT do for a ticket."""
