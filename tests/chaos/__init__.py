"""Nothing lost, nothing twice: a whole cluster under load while its processes, its database and its broker are killed at random."""
