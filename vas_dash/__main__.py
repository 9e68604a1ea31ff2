"""`python -m vas_dash`: see `python -m vas_dash --help`."""

import gc
import sys

from vas_dash.cli import main

# A file of 100,000 cells is millions of values that stay: looking through them again and again
# for garbage would take as long as reading them.
gc.set_threshold(200_000, 50, 1_000)
sys.exit(main())
