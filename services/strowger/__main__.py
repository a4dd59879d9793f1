"""`python -m strowger`, for where the script isn't on the path."""

from strowger.cli import main

main()
