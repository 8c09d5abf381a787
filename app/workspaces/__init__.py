"""One module per tab: which tasks, which panels, what may be dropped."""

import importlib
import pkgutil
from functools import cache

from app.workspaces.declare import Workspace

ORDER = ("quantum", "finetune", "speech", "lesions", "trust", "distillation", "diffusion", "video")


@cache
def load_workspaces() -> dict[str, Workspace]:
    """The declared workspaces by key, in the order of the tabs."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        workspace = getattr(importlib.import_module(f"{__name__}.{module.name}"), "WORKSPACE", None)
        if isinstance(workspace, Workspace):
            found[workspace.key] = workspace
    return dict(sorted(found.items(), key=lambda item: ORDER.index(item[0])))
