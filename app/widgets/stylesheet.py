"""The few rules that a palette cannot express: outlines of inputs, buttons, cards and scroll bars."""

from collections.abc import Mapping
from pathlib import Path

ICONS = Path(__file__).resolve().parents[2] / "resources" / "icons"

RULES = """
QToolTip {{ background: {surface}; color: {text}; border: 1px solid {control}; padding: 4px 8px; }}

QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit[input="true"] {{
    background: {surface}; color: {text}; border: 1px solid {control}; border-radius: {r}px;
    padding: 0 8px; min-height: {inner}px; selection-background-color: {accent}; selection-color: {on-accent};
}}
QPlainTextEdit[input="true"] {{ padding: 4px; }}
QAbstractSpinBox {{ padding: 0; }}
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus {{
    border: none; padding: 0 0 0 7px; min-height: 0; background: transparent;
}}
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QPlainTextEdit[input="true"]:focus {{
    border: 2px solid {accent}; padding-left: 7px;
}}
QPlainTextEdit[input="true"]:focus {{ padding: 3px; }}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {{
    color: {disabled}; background: {window}; border-color: {border};
}}
*[fault="true"] {{ border: 2px solid {danger}; }}
QLineEdit[plain="true"], QPlainTextEdit[plain="true"] {{ border: none; background: transparent; }}

QComboBox::drop-down {{ border: none; width: 24px; }}
QComboBox::down-arrow {{ image: url("{icons}/caret-down-{name}.svg"); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{
    background: {surface}; color: {text}; border: 1px solid {control}; outline: none;
    selection-background-color: {accent-soft}; selection-color: {text};
}}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; width: 20px; background: transparent; }}
QAbstractSpinBox::up-button {{ subcontrol-position: top right; }}
QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; }}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {accent-soft}; }}
QAbstractSpinBox::up-arrow {{ image: url("{icons}/caret-up-{name}.svg"); width: 10px; height: 10px; }}
QAbstractSpinBox::down-arrow {{ image: url("{icons}/caret-down-{name}.svg"); width: 10px; height: 10px; }}

QPushButton {{
    background: {surface}; color: {text}; border: 1px solid {control}; border-radius: {r}px;
    padding: 0 12px; min-height: {inner}px;
}}
QPushButton:hover {{ background: {accent-soft}; border-color: {accent}; }}
QPushButton:pressed, QPushButton:checked {{ background: {accent-soft}; border-color: {accent}; }}
QPushButton:focus {{ border: 2px solid {accent}; padding: 0 11px; }}
QPushButton:disabled {{ color: {disabled}; background: {window}; border-color: {border}; }}
QPushButton[primary="true"] {{ background: {accent}; color: {on-accent}; border-color: {accent}; font-weight: 600; }}
QPushButton[primary="true"]:hover {{ background: {accent}; border: 1px solid {text}; }}
QPushButton[primary="true"]:focus {{ border: 2px solid {text}; }}
QPushButton[primary="true"]:disabled {{ background: {border}; color: {text-2}; border-color: {border}; }}
QPushButton[danger="true"] {{ color: {danger}; border-color: {danger}; }}
QPushButton[danger="true"]:hover {{ background: {danger-soft}; }}

QToolButton {{
    background: transparent; color: {text}; border: 1px solid transparent; border-radius: {r}px; padding: 3px;
}}
QToolButton:hover {{ background: {accent-soft}; }}
QToolButton:focus {{ border: 2px solid {accent}; padding: 2px; }}
QToolButton:checked {{ background: {accent-soft}; border-color: {accent}; color: {text}; }}
QToolButton:disabled {{ color: {disabled}; }}
QToolButton::menu-indicator {{ image: none; }}
QToolButton[mark="true"] {{ padding: 2px 6px; color: {text-2}; text-decoration: line-through; }}
QToolButton[mark="true"]:checked {{
    background: transparent; border-color: transparent; color: {text}; text-decoration: none;
}}
QToolButton[mark="true"]:hover {{ background: {accent-soft}; }}
QToolButton[mark="true"]:focus {{ border: 2px solid {accent}; padding: 1px 5px; }}

QToolButton[fold="true"] {{ padding: 4px 0; font-weight: 600; }}
QToolButton[fold="true"]:checked {{ background: transparent; border-color: transparent; }}
QToolButton[fold="true"]:focus {{ border: 2px solid {accent}; padding: 3px 0; }}

QCheckBox {{ spacing: 8px; color: {text}; }}
QCheckBox::indicator {{
    width: 14px; height: 14px; border: 1px solid {control}; border-radius: 3px; background: {surface};
}}
QCheckBox::indicator:focus, QCheckBox::indicator:hover {{ border-color: {accent}; }}
QCheckBox::indicator:checked {{ background: {accent}; border-color: {accent}; image: url("{icons}/check-{name}.svg"); }}
QCheckBox:focus {{ color: {accent}; }}
QCheckBox:disabled {{ color: {disabled}; }}

QListView, QTableView, QTreeView {{
    background: {surface}; color: {text}; border: none; outline: none; gridline-color: {border};
    alternate-background-color: {window}; selection-background-color: {accent-soft}; selection-color: {text};
}}
QTableView::item {{ padding: 0 8px; }}
QTableView::item:selected {{ background: {accent-soft}; color: {text}; }}
QHeaderView {{ background: {surface}; border: none; }}
QHeaderView::section {{
    background: {surface}; color: {text-2}; border: none; border-bottom: 1px solid {border}; padding: 4px 8px;
}}
QTableCornerButton::section {{ background: {surface}; border: none; }}

QFrame[card="true"] {{ background: {surface}; border: 1px solid {border}; border-radius: {rc}px; }}
QFrame[sunken="true"] {{ background: {sunken}; border: none; border-radius: {r}px; }}
QFrame[rule="true"] {{ background: {border}; border: none; max-height: 1px; min-height: 1px; }}

QMenu {{ background: {surface}; color: {text}; border: 1px solid {control}; padding: 4px; }}
QMenu::item {{ padding: 5px 24px 5px 12px; border-radius: {r}px; }}
QMenu::item:selected {{ background: {accent-soft}; color: {text}; }}
QMenu::item:disabled {{ color: {disabled}; }}
QMenu::separator {{ height: 1px; background: {border}; margin: 4px 8px; }}
QMenu::icon {{ padding-left: 8px; }}

QScrollArea, QStackedWidget {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {control}; border-radius: 3px; margin: 3px; }}
QScrollBar::handle:vertical {{ min-height: 32px; }}
QScrollBar::handle:horizontal {{ min-width: 32px; }}
QScrollBar::handle:hover {{ background: {text-2}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QSplitter::handle {{ background: transparent; }}
QSplitter::handle:hover {{ background: {accent-soft}; }}

QSlider::groove:horizontal {{ height: 4px; background: {border}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ height: 4px; background: {accent}; border-radius: 2px; }}
QSlider::handle:horizontal {{
    width: 12px; height: 12px; margin: -5px 0; border-radius: 7px; background: {surface}; border: 2px solid {accent};
}}
QSlider::handle:horizontal:focus {{ background: {accent}; }}
QSlider::handle:horizontal:disabled {{ border-color: {control}; }}
QSlider::sub-page:horizontal:disabled {{ background: {border}; }}

QProgressBar {{ background: {border}; border: none; border-radius: 2px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 2px; }}
"""


def stylesheet(colors: Mapping[str, str], radius: Mapping[str, int], control: int, name: str) -> str:
    """The style sheet for one set of `colors`; `control` is the height of an input in pixels."""
    icons = ICONS.as_posix()
    return RULES.format(**colors, r=radius["control"], rc=radius["card"], inner=control - 2, name=name, icons=icons)
