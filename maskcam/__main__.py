"""`python -m maskcam`."""

import sys

from maskcam.cli import main

sys.exit(main())
