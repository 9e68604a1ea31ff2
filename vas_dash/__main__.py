"""`python -m vas_dash`: see `python -m vas_dash --help`."""

import sys

from vas_dash.cli import main

sys.exit(main())
