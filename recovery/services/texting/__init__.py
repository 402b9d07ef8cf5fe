"""What is said by text: written, consented to, answered, and read again."""
