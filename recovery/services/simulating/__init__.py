"""The simulated phones: the provider's side of a desk that reaches no real one."""
