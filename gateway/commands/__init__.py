"""The sub-commands of the `vsb-gateway` command line."""
