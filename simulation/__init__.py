"""A made-up county with planted wrongdoing, for the demo and for tests. Everything it writes says that it is simulated."""
