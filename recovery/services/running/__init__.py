"""What keeps the desk itself well: health, copies, once-only keys, rows from elsewhere."""
