"""A small security token service with the sample certificates."""
