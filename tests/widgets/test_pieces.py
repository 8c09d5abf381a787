import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.core import Figure, Result
from app.runs.states import BADGES
from app.widgets.badges import TONES, StateBadge
from app.widgets.colormaps import colors, scale_of
from app.widgets.dropzone import DropZone, paths_of
from app.widgets.empty import EmptyState
from app.widgets.history import History
from app.widgets.labels import ElidedLabel, plain_tooltip
from app.widgets.runbar import RunBar, ThinBar
from app.widgets.strip import RunStrip
from app.widgets.ticks import linear_ticks, log_ticks, tick_words
from app.widgets.toast import ToastStack
from app.widgets.verdict import TONES as VERDICT_TONES
from app.widgets.verdict import VerdictCard


def mime_of(*urls: QUrl, text: str = "") -> QMimeData:
    mime = QMimeData()
    if urls:
        mime.setUrls(list(urls))
    if text:
        mime.setText(text)
    return mime


def test_files_that_exist_are_taken_and_the_rest_is_named(tmp_path):
    (tmp_path / "a").write_text("x")
    mime = mime_of(QUrl.fromLocalFile(str(tmp_path / "a")), QUrl.fromLocalFile(str(tmp_path / "gone")))
    paths, words = paths_of(mime)
    assert paths == [tmp_path / "a"]
    assert words == "1 of 2 dropped things are no files on this computer."


@pytest.mark.parametrize(
    ("mime", "words"),
    [
        (lambda: mime_of(text="hello"), "Text was dropped"),
        (lambda: mime_of(), "carries no file"),
        (lambda: mime_of(QUrl("https://example.org/a.zip")), "download it first"),
        (lambda: mime_of(*[QUrl.fromLocalFile("/x")] * 10_001), "drop the folder"),
    ],
)
def test_what_is_no_file_is_refused_in_words(mime, words):
    paths, told = paths_of(mime())
    assert paths == [] and words in told


def test_a_drop_on_the_zone_gives_the_paths(theme, qtbot, tmp_path):
    zone = DropZone("Drop anything here", theme)
    qtbot.addWidget(zone)
    zone.show()
    mime = mime_of(QUrl.fromLocalFile(str(tmp_path)))
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(zone, QDragEnterEvent(QPoint(5, 5), *how))
    assert zone.hovering
    with qtbot.waitSignal(zone.paths_dropped) as told:
        QApplication.sendEvent(zone, QDropEvent(QPointF(5, 5), *how))
    assert told.args == [[tmp_path]]
    with qtbot.waitSignal(zone.browse_requested):
        zone._browse.click()


def test_a_verdict_shows_tone_figures_and_advice(theme, qtbot):
    card = VerdictCard(theme)
    qtbot.addWidget(card)
    assert not card.isVisible()
    figures = (Figure(name="Accuracy", value=0.931, interval=0.012, n=5),)
    for tone in VERDICT_TONES:
        card.show_result(
            Result(verdict="Four qubits are <b>enough</b>", tone=tone, figures=figures, advice="Try three")
        )
        assert card.isVisible()
        assert VERDICT_TONES[tone][2] in card.accessibleName()
    assert card._sentence.text() == "Four qubits are <b>enough</b>"
    assert card._tiles.count() == 1
    card.show_result(Result(verdict="Stopped early", partial=True))
    assert "Partial" in card._partial.text() and card._report.text() == "Report so far"
    card.show_so_far(figures, "Accuracy is rising")
    assert card._tone.text() == "So far" and not card._partial.isVisible()
    with qtbot.waitSignal(card.report_requested):
        card._report.click()
    card.clear()
    assert not card.isVisible()


def test_the_run_bar_tells_stage_share_rate_and_time(theme, qtbot):
    bar = RunBar(theme)
    qtbot.addWidget(bar)
    bar.show()
    bar.set_stages(["load", "train", "evaluate"])
    bar.set_progress(0.0, "running", "load")
    bar.tick(7.0)
    assert bar.words == "load · for 7.0 s" or bar.words == "load · for 7 s"
    for second in range(60):
        bar.set_progress(100.0 + second, "running", "train", 2 * second, 600)
    assert bar.words.startswith("20 % · train 118 of 600 · 2 steps/s · about 4 min left")
    assert "load done" in bar.ticks.accessibleName() and "evaluate to come" in bar.ticks.accessibleName()
    bar.grab()
    bar.set_progress(200.0, "stopping", "saving")
    assert bar.words.startswith("stopping… saving")
    bar.set_progress(201.0, "done")
    bar.set_idle()
    assert bar.words == ""


def test_an_unknown_share_moves_only_while_it_is_seen_and_motion_is_wanted(theme, qtbot):
    bar = ThinBar(theme)
    qtbot.addWidget(bar)
    bar.set_share(None)
    assert not bar._timer.isActive()
    bar.show()
    assert bar._timer.isActive()
    bar.set_still(True)
    assert not bar._timer.isActive()
    bar.set_still(False)
    bar.hide()
    assert not bar._timer.isActive()


def test_every_state_has_a_badge_with_sign_and_word(theme, qtbot):
    assert set(TONES) == set(BADGES)
    for state, (_sign, word) in BADGES.items():
        badge = StateBadge(theme, state)
        qtbot.addWidget(badge)
        assert word in badge.accessibleName()
        badge.grab()


def test_a_run_is_renamed_in_place_and_escape_gives_up(theme, qtbot):
    strip = RunStrip(theme)
    qtbot.addWidget(strip)
    strip.show()
    strip.show_run("old", "done", "12 min ago")
    qtbot.keyClick(strip, Qt.Key.Key_F2)
    strip._line.setText("new")
    with qtbot.waitSignal(strip.renamed) as told:
        qtbot.keyClick(strip._line, Qt.Key.Key_Return)
    assert told.args == ["new"]
    strip.rename()
    strip._line.setText("other")
    qtbot.keyClick(strip._line, Qt.Key.Key_Escape)
    assert strip._name.text() == "new"
    strip.grab()


def test_the_same_message_is_counted_and_an_action_is_told(theme, qtbot):
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(600, 400)
    host.show()
    stack = ToastStack(host, theme)
    key = stack.show_toast("Could not save", tone="bad")
    assert stack.show_toast("Could not save", tone="bad") == key
    assert stack._toasts[key]._count.text() == "2 times"
    undo = stack.show_toast("Moved to the trash", "Undo")
    with qtbot.waitSignal(stack.action_requested) as told:
        stack._toasts[undo]._action.click()
    assert told.args == [undo] and undo not in stack._toasts
    for k in range(10):
        stack.show_toast(f"message {k}")
    assert len(stack._toasts) == 4
    brief = stack.show_toast("gone soon", seconds=0.01)
    qtbot.waitUntil(lambda: brief not in stack._toasts)


def test_an_empty_state_offers_its_action(theme, qtbot):
    empty = EmptyState("No runs yet. Try it takes about 40 s.", theme, "Try it")
    qtbot.addWidget(empty)
    with qtbot.waitSignal(empty.action_requested):
        empty._button.click()
    empty.set_sentence("No run matches “x”.")
    assert empty._button.isHidden()


def test_a_shortened_label_keeps_the_whole_text(theme, qtbot):
    label = ElidedLabel("a very long name that has no room", theme)
    qtbot.addWidget(label)
    label.resize(60, 20)
    label.show()
    assert label.toolTip() == label.text() == label.accessibleName()


def test_markup_in_a_tooltip_is_shown_as_text(qapp):
    assert "<b>" not in plain_tooltip("<b>x</b> & y")
    assert plain_tooltip("plain") == "plain"


def test_ticks_are_round_numbers_within_the_axis():
    assert linear_ticks(0, 1, 5) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert linear_ticks(3, 3) == [3]
    assert log_ticks(-3.2, 1.4) == [-3, -2, -1, 0, 1]
    assert [tick_words(v, s) for v, s in ((0.25, 0.05), (1500, 500), (20_000, 5e3), (2e6, 1e6), (1e-6, 1e-6))] == [
        "0.25",
        "1500",
        "20k",
        "2M",
        "1e-6",
    ]


def test_a_diverging_scale_is_centred_on_zero():
    import numpy as np

    assert scale_of(np.array([-1.0, 4.0]), diverging=True) == (-4, 4)
    assert scale_of(np.array([np.nan]), diverging=False) == (0, 1)
    middle = colors(np.array([0.0]), -4, 4, diverging=True)[0]
    assert middle.min() > 240


def test_typing_is_one_step_of_undo_and_leaving_the_field_ends_it():
    history = History({"a": 1})
    for value in (12, 123):
        history.record({"a": value}, "a")
    history.close_step()
    history.record({"a": 5}, "a")
    assert history.undo() == {"a": 123}
    assert history.undo() == {"a": 1}
    assert history.redo() == {"a": 123}
    assert not History({}).can_undo
