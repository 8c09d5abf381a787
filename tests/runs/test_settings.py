"""Settings survive updates, bad values, damage, and a cut at any moment."""

import json

import pytest

from app.core import AssayError
from app.runs import settings as module
from app.runs.settings import Settings, change_settings, load_settings, save_settings
from app.runs.storage import Disk


def write(folder, record):
    folder.mkdir(exist_ok=True)
    text = record if isinstance(record, str) else json.dumps(record)
    (folder / "settings.json").write_text(text, encoding="utf-8")


def test_without_a_file_all_is_at_its_default_and_nothing_leaves_the_machine(tmp_path):
    loaded = load_settings(tmp_path)
    assert loaded.settings == Settings() and loaded.problems == ()
    assert loaded.settings.offline is True


def test_what_is_saved_is_loaded(tmp_path):
    settings = Settings().changed(theme="dark", parallel=3, shortcuts={"run": "F5"}, recent=("a", "b"))
    save_settings(settings, tmp_path)
    assert load_settings(tmp_path).settings == settings


def test_one_bad_value_falls_back_alone_and_is_named(tmp_path):
    write(tmp_path, {"version": 1, "theme": "pink", "parallel": 4})
    loaded = load_settings(tmp_path)
    assert (loaded.settings.theme, loaded.settings.parallel) == ("system", 4)
    assert len(loaded.problems) == 1 and "theme" in loaded.problems[0] and "pink" in loaded.problems[0]


def test_one_bad_shortcut_leaves_the_others(tmp_path):
    write(tmp_path, {"version": 1, "shortcuts": {"run": "F5", "stop": 7}})
    loaded = load_settings(tmp_path)
    assert loaded.settings.shortcuts == {"run": "F5"}
    assert "shortcuts.stop" in loaded.problems[0]


def test_settings_of_a_later_version_are_kept_through_a_save(tmp_path):
    write(tmp_path, {"version": 1, "theme": "dark", "hologram": {"depth": 3}})
    change_settings(tmp_path, parallel=2)
    record = json.loads((tmp_path / "settings.json").read_text())
    assert record["hologram"] == {"depth": 3} and record["theme"] == "dark" and record["parallel"] == 2


def test_an_older_file_is_migrated_step_by_step_and_kept_beside_the_new_one(tmp_path):
    write(tmp_path, {"version": 1, "dark": True, "parallel": 2})
    steps = {
        1: lambda raw: {**{k: v for k, v in raw.items() if k != "dark"}, "colours": "dark" if raw["dark"] else "light"},
        2: lambda raw: {**{k: v for k, v in raw.items() if k != "colours"}, "theme": raw["colours"]},
    }
    loaded = load_settings(tmp_path, version=3, migrations=steps)
    assert (loaded.settings.theme, loaded.settings.parallel) == ("dark", 2)
    assert json.loads((tmp_path / "settings.v1.json").read_text())["dark"] is True
    assert "settings.v1.json" in loaded.problems[0]


def test_a_file_of_a_later_version_is_kept_beside_and_what_is_understood_is_used(tmp_path):
    write(tmp_path, {"version": 9, "theme": "dark"})
    assert load_settings(tmp_path).settings.theme == "dark"
    assert (tmp_path / "settings.v9.json").is_file()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a":' * 50_000, "\x00", '{"theme": "dark"'])
def test_a_damaged_file_is_kept_and_said_never_raised(tmp_path, text):
    write(tmp_path, text)
    loaded = load_settings(tmp_path)
    assert loaded.settings == Settings()
    assert "settings.damaged.json" in loaded.problems[0]
    assert (tmp_path / "settings.damaged.json").read_text() == text


def test_a_bad_change_names_the_setting_and_changes_nothing(tmp_path):
    change_settings(tmp_path, theme="dark")
    with pytest.raises(AssayError) as fault:
        change_settings(tmp_path, parallel=0)
    assert fault.value.where == "parallel"
    assert load_settings(tmp_path).settings == Settings(theme="dark")


def test_a_save_that_is_cut_leaves_the_old_file_whole(tmp_path, monkeypatch):
    save_settings(Settings(theme="dark"), tmp_path)
    for step in range(1, 20):
        operations: list[str] = []

        def before(operation, path, step=step, operations=operations):
            operations.append(operation)
            if len(operations) == step:
                raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            disk = Disk(before)
            patch.setattr(module, "Disk", lambda disk=disk: disk)
            try:
                save_settings(Settings(theme="light"), tmp_path)
            except OSError:
                assert load_settings(tmp_path).settings.theme in ("dark", "light")
            if len(operations) < step:
                break
    assert step > 3
    assert load_settings(tmp_path).settings.theme == "light"
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


def test_the_newest_opened_file_comes_first_once(tmp_path):
    settings = Settings().with_recent("a").with_recent("b").with_recent("a")
    assert settings.recent == ("a", "b")


def test_the_store_is_chosen_by_command_line_then_environment_then_setting(tmp_path, monkeypatch):
    settings = Settings(store=str(tmp_path / "set"))
    monkeypatch.setenv("ASSAY_STORE", str(tmp_path / "variable"))
    assert module.store_folder(settings, tmp_path / "chosen") == tmp_path / "chosen"
    assert module.store_folder(settings) == tmp_path / "variable"
    monkeypatch.delenv("ASSAY_STORE")
    assert module.store_folder(settings) == tmp_path / "set"
