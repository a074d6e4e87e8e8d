"""`python -m newswatch.cli`: the command, where it is not on the path."""

from newswatch.cli.main import main

main()
