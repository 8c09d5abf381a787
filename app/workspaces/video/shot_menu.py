"""What can be wished for a shot, as a menu."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

WISHES = (("Must stay (K)", "keep"), ("Must go (D)", "drop"), ("Free (U)", "free"))


class ShotMenu(QMenu):
    """Each action's data is (shot, wish); gone once it is closed."""

    def __init__(self, shot: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, wish in WISHES:
            self.addAction(words).setData((shot, wish))
