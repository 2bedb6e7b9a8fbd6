"""`python -m cunjian` is the command line."""

from cunjian.cli import main

main()
