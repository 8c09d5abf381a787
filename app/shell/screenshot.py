"""Renders the window without a screen: `python -m app.shell.screenshot --store S --run ID --out FILE.png`."""

import argparse
import os
import sys
import time
from pathlib import Path

SETTLE_S = 1.0
LIMIT_S = 60.0


def main(arguments: list[str] | None = None) -> int:
    """Open the window offscreen on a run or a workspace, wait until its log is shown, save a PNG."""
    parser = argparse.ArgumentParser(prog="python -m app.shell.screenshot", description=__doc__)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--run", default="")
    parser.add_argument("--workspace", default="")
    parser.add_argument("--page", default="")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--size", default="1600x1000")
    options = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from app.shell.start import make_application, open_window

    app = make_application()
    window = open_window(app, options.store, warm=False, mode=options.theme)
    width, _, height = options.size.partition("x")
    window.resize(int(width), int(height))
    # The window finishes itself after its first paint, and then opens the tab of the last time.
    while not window.ready:
        app.processEvents()
    if options.run:
        window.show_run(options.run)
    elif options.workspace:
        window.open_tab(options.workspace)
    else:
        window.open_tab("")
    if options.page:
        view = window.pages[str(window.tabs.tabData(window.tabs.currentIndex()))].view
        titles = [view.tabs.tabText(k) for k in range(view.tabs.count())]
        view.tabs.setCurrentIndex(titles.index(options.page))
    quiet_since = time.monotonic()
    end = quiet_since + LIMIT_S
    while time.monotonic() < end and time.monotonic() - quiet_since < SETTLE_S:
        app.processEvents()
        if window.laboratory.following.busy or any(page.view.busy for page in window.pages.values()):
            quiet_since = time.monotonic()
        time.sleep(0.01)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    saved = window.grab().save(str(options.out))
    window.leave()
    return 0 if saved else 1


if __name__ == "__main__":
    sys.exit(main())
