"""`python -m conformance`, the same as vsb-conformance."""

from conformance.cli import main

main()
