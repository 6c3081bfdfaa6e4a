"""`python -m gateway`, the same as vsb-gateway."""

from gateway.cli import main

main()
