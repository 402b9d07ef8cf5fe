"""Who is on shift, who is told that something is late, and how they wish to be told."""
