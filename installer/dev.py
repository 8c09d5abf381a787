"""Set up Assay and start it, or run its tests: `python3 installer/dev.py run` or `python3 installer/dev.py test`.

The first start makes `.venv` beside pyproject.toml and takes minutes; every later one goes straight to Assay.
Readable by Python 3.8, so that an old Python gets a sentence and not a syntax error.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

if __name__ == "__main__":
    from installer.pythons import require_fitting_python

    require_fitting_python()

    from installer.commands import main

    sys.exit(main(sys.argv[1:], ROOT))
