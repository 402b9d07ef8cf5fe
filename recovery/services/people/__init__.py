"""Sites, staff and customers: who they are, and how they come in."""
