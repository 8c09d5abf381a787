"""Settings: look, computing, storage, network, keys of services, shortcuts. Every change takes effect at once."""

from typing import Any, get_args

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.core import AssayError
from app.data.text import size_in_words
from app.runs.secrets import FILE_WARNING, KNOWN, SESSION_NOTE
from app.runs.settings import Settings
from app.shell.laboratory import Errand, Laboratory
from app.shell.network_list import Contact, contacts
from app.shell.network_list import table as contact_table
from app.shell.shortcuts import COMMANDS, collisions, keys_of
from app.widgets.labels import Label
from app.widgets.table import DataTable
from app.widgets.theme import Theme

TABS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Look", ("theme", "density", "reduced_motion", "notifications", "sound")),
    ("Computing", ("parallel", "warm", "keep_running", "keep_awake", "silent_minutes")),
)
STORED = (("runs", "Runs"), ("files", "of which results"), ("checkpoints", "of which checkpoints"), ("trash", "Trash"),
          ("cache", "Indexes, rebuilt when needed"), ("free", "Free on this disk"))  # fmt: skip


class SettingsDialog(QDialog):
    """Fields come from the settings model: its descriptions are the words."""

    theme_chosen = Signal(str)
    density_chosen = Signal(str)
    problem = Signal(object)

    def __init__(self, laboratory: Laboratory, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._laboratory = laboratory
        self._theme = theme
        self._errands: list[Errand] = []
        self.setWindowTitle("Settings")
        self.resize(QSize(680, 560))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.tabs = QTabWidget()
        self.tabs.tabBar().setAccessibleName("Parts of the settings")
        for title, names in TABS:
            self.tabs.addTab(self._fields(names), title)
        self.tabs.addTab(self._storage(), "Storage")
        self.tabs.addTab(self._network(), "Network")
        self.tabs.addTab(self._credentials(), "Credentials")
        self.tabs.addTab(self._shortcuts(), "Shortcuts")
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.space("group")] * 4)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(row)

    def _fields(self, names: tuple[str, ...]) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setVerticalSpacing(self._theme.space("pane"))
        for name in names:
            form.addRow(self._editor(name), Label(_description(name), self._theme, "body", "text-2", wrap=True))
        return page

    def _editor(self, name: str) -> QWidget:
        """The widget that edits one setting; it remembers which one in a property."""
        value = getattr(self._laboratory.settings, name)
        annotation = Settings.model_fields[name].annotation
        words = name.replace("_", " ").capitalize()
        editor: QWidget
        if isinstance(value, bool):
            editor = QCheckBox(words)
            editor.setChecked(value)
            editor.toggled.connect(self._changed)
        elif isinstance(value, int):
            editor = QSpinBox()
            editor.setRange(1, 1440)
            editor.setPrefix(f"{words}: ")
            editor.setValue(value)
            editor.valueChanged.connect(self._changed)
        else:
            editor = QComboBox()
            for choice in get_args(annotation):
                editor.addItem(f"{words}: {choice}", choice)
            editor.setCurrentIndex(editor.findData(value))
            editor.currentIndexChanged.connect(self._changed)
        editor.setProperty("setting", name)
        editor.setAccessibleName(words)
        editor.setMinimumWidth(190)
        return editor

    @Slot()
    def _changed(self) -> None:
        editor = self.sender()
        name = str(editor.property("setting"))
        if isinstance(editor, QCheckBox):
            self._change(name, editor.isChecked())
        elif isinstance(editor, QSpinBox):
            self._change(name, editor.value())
        elif isinstance(editor, QComboBox):
            self._change(name, editor.currentData())
            if name == "theme":
                self.theme_chosen.emit(editor.currentData())
            elif name == "density":
                self.density_chosen.emit(editor.currentData())

    def _change(self, name: str, value: Any) -> None:
        try:
            self._laboratory.change_settings(**{name: value})
        except (AssayError, OSError) as error:
            fault = error if isinstance(error, AssayError) else AssayError("Settings cannot be kept", why=str(error))
            self.problem.emit(fault)

    def _storage(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setSpacing(self._theme.space("field"))
        layout.addWidget(Label("Runs are kept in", self._theme, "strong"))
        layout.addWidget(Label(str(self._laboratory.root), self._theme, "mono", wrap=True))
        choose = QPushButton("Choose another folder…")
        choose.clicked.connect(self._choose_store)
        layout.addWidget(choose, 0, Qt.AlignmentFlag.AlignLeft)
        self._store_note = Label("", self._theme, "caption", "warning", wrap=True)
        layout.addWidget(self._store_note)
        form = QFormLayout()
        self._sizes = {key: Label("counting…", self._theme) for key, _ in STORED}
        for key, words in STORED:
            form.addRow(Label(words, self._theme, "body", "text-2"), self._sizes[key])
        layout.addLayout(form)
        self._empty = QPushButton("Empty trash…")
        self._empty.clicked.connect(self._empty_trash)
        layout.addWidget(self._empty, 0, Qt.AlignmentFlag.AlignLeft)
        self._sure = QPushButton("Delete for ever")
        self._sure.setProperty("danger", True)
        self._sure.clicked.connect(self._really_empty)
        self._sure.hide()
        layout.addWidget(self._sure, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        self._count()
        return page

    def _count(self) -> None:
        errand = self._laboratory.background(self._laboratory.store.disk_use)
        errand.done.connect(self._counted)
        self._errands.append(errand)
        self._laboratory.send(errand)

    @Slot(object)
    def _counted(self, sizes: dict[str, int]) -> None:
        for key, label in self._sizes.items():
            label.setText(size_in_words(sizes.get(key, 0)))
        self._sure.setText(f"Delete the trash for ever, {size_in_words(sizes.get('trash', 0))}")

    @Slot()
    def _choose_store(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for runs", str(self._laboratory.root))
        if folder:
            self._change("store", folder)
            self._store_note.setText(f"{folder} is used from the next start on. Runs stay where they are.")

    @Slot()
    def _empty_trash(self) -> None:
        """The button that cannot be undone appears only now, with the size in its words."""
        self._sure.show()

    @Slot()
    def _really_empty(self) -> None:
        self._sure.hide()
        errand = self._laboratory.background(_EmptyTrash(self._laboratory))
        errand.done.connect(self._emptied)
        errand.failed.connect(self.problem)
        self._errands.append(errand)
        self._laboratory.send(errand)

    @Slot(object)
    def _emptied(self, _answer: object) -> None:
        self._count()

    def _network(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setSpacing(self._theme.space("pane"))
        layout.addWidget(self._editor("offline"))
        for words in (
            _description("offline") + ".",
            "Assay has no telemetry and looks for no updates. With the switch off, a task may reach the hosts that its "
            "settings name, and no others. Every attempt is written into the log of the run.",
            "Hosts that tasks of this version can name: *.ibm.com and *.cloud.ibm.com (IBM Quantum).",
        ):
            layout.addWidget(Label(words, self._theme, "body", "text-2", wrap=True))
        self._contacts_head = Label("Looking through the logs of the runs…", self._theme, "strong", wrap=True)
        self.contacts = DataTable(self._theme)
        self.contacts.setAccessibleName("Hosts that runs reached or were kept from")
        layout.addWidget(self._contacts_head)
        layout.addWidget(self.contacts, 1)
        errand = self._laboratory.background(_Contacts(self._laboratory))
        errand.done.connect(self._contacts_read)
        self._errands.append(errand)
        self._laboratory.send(errand)
        return page

    @Slot(object)
    def _contacts_read(self, found: list[Contact]) -> None:
        hosts = len({contact.host for contact in found})
        words = f"Hosts that runs reached or were kept from: {hosts}" if found else "No run has tried to reach a host."
        self._contacts_head.setText(words)
        self.contacts.set_table(*contact_table(found))

    def _credentials(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setSpacing(self._theme.space("field"))
        layout.addWidget(
            Label(
                "Keys are kept by the keyring of your system. Where there is none, they are kept until Assay closes. "
                "An environment variable, where set, is used before all others.",
                self._theme, "body", "text-2", wrap=True,
            )
        )  # fmt: skip
        self._keys: dict[str, tuple[QLineEdit, Label]] = {}
        for known in KNOWN:
            layout.addWidget(Label(known.title, self._theme, "strong"))
            layout.addWidget(Label(f"{known.help} ({known.variable})", self._theme, "caption", "text-2", wrap=True))
            line = QLineEdit()
            line.setEchoMode(QLineEdit.EchoMode.Password)
            line.setAccessibleName(known.title)
            where = Label("", self._theme, "caption", "text-2", wrap=True)
            keep = QPushButton("Keep")
            keep.setAccessibleName(f"Keep {known.title}")
            forget = QPushButton("Forget")
            forget.setAccessibleName(f"Forget {known.title}")
            for button, place in ((keep, "auto"), (forget, "forget")):
                button.setProperty("key", known.key)
                button.setProperty("place", place)
                button.clicked.connect(self._key_button)
            row = QHBoxLayout()
            row.addWidget(line, 1)
            row.addWidget(keep)
            row.addWidget(forget)
            layout.addLayout(row)
            layout.addWidget(where)
            self._keys[known.key] = (line, where)
            self._ask_where(known.key)
        layout.addWidget(Label(FILE_WARNING, self._theme, "caption", "warning", wrap=True))
        self._in_file = QCheckBox("Keep keys in that file, because there is no keyring here")
        layout.addWidget(self._in_file)
        layout.addStretch(1)
        return page

    @Slot()
    def _key_button(self) -> None:
        key, place = str(self.sender().property("key")), str(self.sender().property("place"))
        line, _ = self._keys[key]
        secrets = self._laboratory.secrets
        call: Any
        if place == "forget":
            call = _Forget(secrets, key)
        elif line.text().strip():
            call = _Keep(secrets, key, line.text().strip(), "file" if self._in_file.isChecked() else "auto")
        else:
            return
        line.clear()
        errand = self._laboratory.background(call)
        errand.done.connect(self._key_kept)
        errand.failed.connect(self.problem)
        self._errands.append(errand)
        self._laboratory.send(errand)

    def _ask_where(self, key: str) -> None:
        errand = self._laboratory.background(_Where(self._laboratory.secrets, key))
        errand.done.connect(self._key_kept)
        self._errands.append(errand)
        self._laboratory.send(errand)

    @Slot(object)
    def _key_kept(self, answer: tuple[str, str]) -> None:
        key, place = answer
        words = {
            "keyring": "Kept by the keyring.",
            "environment": "Taken from the environment variable.",
            "session": SESSION_NOTE,
            "file": "Kept in a file that only you can read.",
            "nowhere": "Not entered.",
        }
        self._keys[key][1].setText(words[place])

    def _shortcuts(self) -> QWidget:
        holder = QWidget()
        form = QFormLayout(holder)
        self._sequences: dict[str, QKeySequenceEdit] = {}
        keys = keys_of(self._laboratory.settings.shortcuts)
        for command in COMMANDS:
            edit = QKeySequenceEdit(keys[command.key])
            edit.setAccessibleName(command.words)
            edit.setProperty("command", command.key)
            edit.editingFinished.connect(self._key_changed)
            self._sequences[command.key] = edit
            form.addRow(command.words, edit)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Shortcuts")
        scroll.setWidget(holder)
        page = QWidget()
        layout = QVBoxLayout(page)
        self._collision = Label("", self._theme, "body", "danger", wrap=True)
        layout.addWidget(self._collision)
        layout.addWidget(scroll, 1)
        return page

    @Slot()
    def _key_changed(self) -> None:
        keys = {key: edit.keySequence().toString() for key, edit in self._sequences.items()}
        wrong = collisions(keys)
        if wrong:
            text = "; ".join(f"{key}: {' and '.join(names)}" for key, names in wrong.items())
            self._collision.setText(f"The same keys for two commands, so nothing was changed. {text}")
            return
        self._collision.setText("")
        usual = {command.key: command.usual for command in COMMANDS}
        self._change("shortcuts", {key: text for key, text in keys.items() if text != usual[key]})


class _Contacts:
    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory

    def __call__(self) -> list[Contact]:
        return contacts(self._laboratory.store)


class _EmptyTrash:
    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory

    def __call__(self) -> Any:
        return self._laboratory.store.empty_trash(older_than_days=0)


class _Keep:
    def __init__(self, secrets: Any, key: str, value: str, place: str) -> None:
        self._secrets, self._key, self._value, self._place = secrets, key, value, place

    def __call__(self) -> tuple[str, str]:
        return self._key, self._secrets.set(self._key, self._value, self._place)


class _Forget:
    def __init__(self, secrets: Any, key: str) -> None:
        self._secrets, self._key = secrets, key

    def __call__(self) -> tuple[str, str]:
        self._secrets.forget(self._key)
        return self._key, self._secrets.where(self._key)


class _Where:
    def __init__(self, secrets: Any, key: str) -> None:
        self._secrets, self._key = secrets, key

    def __call__(self) -> tuple[str, str]:
        return self._key, self._secrets.where(self._key)


def _description(name: str) -> str:
    return Settings.model_fields[name].description or ""
