"""The shapes that go in and out."""
