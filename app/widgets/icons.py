"""Icons by meaning, drawn from the Phosphor set and coloured for the theme."""

from PySide6.QtGui import QColor, QIcon, QPixmap

from app.widgets.glyphs import glyph_icon
from app.widgets.theme import Theme

GLYPHS = {
    "run": "play", "try": "flask", "stop": "stop", "force-stop": "prohibit", "pause": "pause", "resume": "skip-forward",
    "hold": "pause-circle", "queue": "list", "measure": "gauge", "report": "file-text", "compare": "scales",
    "duplicate": "copy", "copy": "copy", "edit": "pencil-simple", "note": "note-pencil", "tag": "tag", "star": "star",
    "trash": "trash", "restore": "arrow-u-up-left", "undo": "arrow-u-up-left", "redo": "arrow-u-up-right",
    "reset": "arrow-counter-clockwise", "refresh": "arrow-clockwise", "export": "export", "save": "floppy-disk",
    "download": "download-simple", "upload": "upload-simple", "drop": "tray", "folder": "folder-open", "file": "file",
    "files": "files", "more": "dots-three", "maximise": "arrows-out-simple", "restore-size": "arrows-in-simple",
    "tear-off": "arrow-square-out", "dock-back": "arrow-square-in", "search": "magnifying-glass", "close": "x",
    "clear": "x", "add": "plus", "remove": "minus", "settings": "gear", "sliders": "sliders", "home": "house",
    "help": "question", "info": "info", "warning": "warning", "error": "x-circle", "good": "check-circle",
    "bad": "warning-octagon", "neutral": "info", "unsure": "question", "check": "check", "plot": "chart-line",
    "bars": "chart-bar", "table": "table", "image": "image", "log": "terminal", "text": "text-align-left",
    "heatmap": "grid-four", "log-y": "trend-up", "smooth": "waves",
    "sound": "speaker-high", "muted": "speaker-slash", "back-shot": "skip-back", "next-shot": "skip-forward",
    "fold": "caret-down", "unfold": "caret-right", "next": "caret-right",
    "previous": "caret-left", "light": "sun", "dark": "moon", "system": "circle-half", "offline": "wifi-slash",
    "online": "wifi-high", "activity": "bell", "device": "cpu", "awake": "lightning", "filter": "funnel",
    "show": "eye", "hide": "eye-slash", "link": "link", "pin": "push-pin", "command": "command", "keys": "keyboard",
    "fit": "corners-out", "follow": "arrow-line-down", "clock": "clock", "send": "paper-plane-tilt", "dots": "dots-six",
    "quantum": "atom", "finetune": "sliders-horizontal", "speech": "microphone", "lesions": "magnifying-glass-plus",
    "trust": "shield-check", "distillation": "drop", "diffusion": "sparkle", "video": "film-strip",
    "queued": "circle", "held": "pause-circle",
    "starting": "circle-dashed", "running": "play", "stopping": "circle-half",
    "done": "check-circle", "stopped": "stop", "failed": "x-circle", "interrupted": "lightning",
}  # fmt: skip


def icon(meaning: str, theme: Theme, token: str = "text-2") -> QIcon:
    """The icon for a meaning such as "stop"; raises KeyError for a meaning that has none."""
    return glyph_icon(GLYPHS[meaning], theme.color(token), theme.color("disabled", 0.6))


def pixmap(meaning: str, theme: Theme, token: str = "text-2", size: int = 16, ratio: float = 1.0) -> QPixmap:
    """The icon as a picture of `size` logical pixels, sharp at the given device pixel ratio."""
    picture = icon(meaning, theme, token).pixmap(round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    return picture


def mark_pixmap(color: QColor, size: int = 12) -> QPixmap:
    """A plain square of one colour, for menus and lists that name a series."""
    picture = QPixmap(size, size)
    picture.fill(color)
    return picture
