"""The contract between a method and everything that runs or shows it: task, config, events, errors."""

from app.core.config import Config, Device, field, form_fields
from app.core.errors import AssayError, Stopped
from app.core.events import (
    Array,
    Artifact,
    Audio,
    Checkpoint,
    Event,
    Image,
    Log,
    Metric,
    Progress,
    Ready,
    Stage,
    State,
    Table,
    Text,
    Warn,
)
from app.core.result import Citation, Figure, Result
from app.core.task import Emits, Preset, Task, collect, task

__all__ = [
    "Array",
    "Artifact",
    "AssayError",
    "Audio",
    "Checkpoint",
    "Citation",
    "Config",
    "Device",
    "Emits",
    "Event",
    "Figure",
    "Image",
    "Log",
    "Metric",
    "Preset",
    "Progress",
    "Ready",
    "Result",
    "Stage",
    "State",
    "Stopped",
    "Table",
    "Task",
    "Text",
    "Warn",
    "collect",
    "field",
    "form_fields",
    "task",
]
