"""The end of a shift: nobody who waits is left without a name."""
