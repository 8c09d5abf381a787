"""Settings of a task as text: command line, TOML, JSON or a report, written for people and read back the same."""

import html
import json
import re
import shlex
import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from app.core import AssayError, Config, form_fields
from app.core.task import Task

LONGEST = 4_000_000
"""Characters; a longer text is no settings. Reports are cut around their settings before this applies."""

_REPORT_SETTINGS = re.compile(r'<meta name="assay-run" content="([^"]*)">')
"""How a report carries its run: {"task", "config", "id"} as JSON, escaped as an attribute."""
_ABSENT = {"none", "null", ""}

Form = Literal["command line", "JSON", "TOML", "report"]


@dataclass(frozen=True)
class ConfigText:
    """What a text says. `values` are as written and unchecked: `Task.parse` or a form judges them.

    `unknown` holds settings that the task does not have, kept so that they can be named; `problems` are sentences
    about parts that could not be read.
    """

    form: Form
    task: str
    values: dict[str, Any]
    unknown: dict[str, Any]
    problems: tuple[str, ...] = ()
    title: str = ""


def to_command_line(task: Task, values: Mapping[str, Any], program: str = "python -m app") -> str:
    """The shell command that starts `task` with `values`; settings at their default are left out."""
    words = [f"--set {shlex.quote(f'{name}={to_text(value)}')}" for name, value in changed(task.config, values).items()]
    return " ".join([program, "run", task.name, *words])


def to_json(task: Task, values: Mapping[str, Any], title: str = "") -> str:
    """Every setting, defaults too, so that a later default does not change what the text means."""
    record = {"assay": 1, "task": task.name, **({"title": title} if title else {}), "settings": plain(task, values)}
    return json.dumps(record, indent=2, ensure_ascii=False)


def to_toml(task: Task, values: Mapping[str, Any], title: str = "") -> str:
    head = [f"task = {_toml(task.name)}"] + ([f"title = {_toml(title)}"] if title else [])
    settings = [f"{name} = {_toml(value)}" for name, value in plain(task, values).items()]
    return "\n".join([*head, "", "[settings]", *settings, ""])


def read_config_text(text: str, tasks: Mapping[str, Task], task: str = "") -> ConfigText:
    """Recognise and read any of the four forms; `task` is meant where the text names none.

    Raises AssayError when the text is none of them or names no known task.
    """
    if match := _REPORT_SETTINGS.search(text):
        return _from_record(_parsed_json(html.unescape(match[1])), "report", tasks, task)
    text = text.strip()
    if len(text) > LONGEST:
        raise AssayError(
            "This text is too long for settings",
            why=f"it has {len(text)} characters, of at most {LONGEST}",
            remedy="Drop a report, a preset, a TOML or JSON file, or a command line that Assay wrote.",
        )
    if text.startswith("{"):
        return _from_record(_parsed_json(text), "JSON", tasks, task)
    if re.search(r"(^|\s)(run|--set)(\s|$)", text) and not re.search(r"^\s*\[?\w+\]?\s*(=|$)", text):
        return from_command_line(text, tasks, task)
    return _from_record(_parsed_toml(text), "TOML", tasks, task)


def from_command_line(text: str, tasks: Mapping[str, Task], task: str = "") -> ConfigText:
    """Read `… run TASK --set name=value …`; a prompt sign, line continuations and other options do no harm."""
    text = re.sub(r"[\\^`]\r?\n", " ", text.strip().removeprefix("$").removeprefix(">"))
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise AssayError(
            "This command line cannot be read", why=str(error), remedy="Check its quotation marks."
        ) from error
    pairs: dict[str, str] = {}
    problems: list[str] = []
    named = ""
    rest = iter(words)
    for word in rest:
        if word == "run":
            named = next(rest, "")
        elif word in ("--set", "-s"):
            _take(next(rest, ""), pairs, problems)
        elif word.startswith("--set="):
            _take(word.removeprefix("--set="), pairs, problems)
        elif word in ("--config", "-c"):
            problems.append(f"The settings in {next(rest, '')} were not read: drop that file too.")
    return _sorted_out("command line", named or task, pairs, tasks, problems)


def value_from_text(text: str, annotation: Any) -> Any:
    """What `text` means for a setting of that type, before the config checks it.

    “0,5” is a number where a number is wanted; lists are JSON or separated by commas; “none” is absence where the
    setting may be absent.
    """
    options = _options(annotation)
    if type(None) in options and text.strip().lower() in _ABSENT:
        return None
    if any(get_origin(option) in (list, tuple, set, frozenset) or option in (list, tuple, set) for option in options):
        return _list_from_text(text, options)
    if any(get_origin(option) is dict or option is dict for option in options):
        return _json_or_text(text)
    if float in options and re.fullmatch(r"\s*[-+]?\d+,\d+\s*", text):
        return text.replace(",", ".").strip()
    if str in options or any(get_origin(option) is Literal for option in options):
        return text
    return text.strip()


def to_text(value: Any) -> str:
    """The inverse of `value_from_text`: a plain word where possible, JSON for lists and mappings."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def changed(config: type[Config], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `values` that differ from the default, in the form's order; settings without a default always do."""
    fields = {field.name: field for field in form_fields(config)}
    plain_defaults = {name: _plain(field.default) for name, field in fields.items()}
    return {
        name: _plain(values[name])
        for name, field in fields.items()
        if name in values and (field.required or _plain(values[name]) != plain_defaults[name])
    }


def plain(task: Task, values: Mapping[str, Any]) -> dict[str, Any]:
    """All settings as JSON-ready values: `values`, and the defaults where it is silent."""
    known = {field.name: field for field in form_fields(task.config)}
    return {
        name: _plain(values.get(name, field.default))
        for name, field in known.items()
        if name in values or not field.required
    }


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _take(pair: str, pairs: dict[str, str], problems: list[str]) -> None:
    name, equals, value = pair.partition("=")
    if not equals or not name.strip():
        problems.append(f"“{pair}” is not of the form name=value.")
    else:
        pairs[name.strip()] = value


def _from_record(record: Mapping[str, Any], form: Form, tasks: Mapping[str, Task], task: str) -> ConfigText:
    settings = record.get("settings", record.get("config"))
    if settings is None:
        settings = {name: value for name, value in record.items() if name not in ("task", "assay", "title")}
    if not isinstance(settings, Mapping):
        raise AssayError("These settings cannot be read", why="“settings” is no table of names and values")
    found = _sorted_out(form, str(record.get("task") or task), settings, tasks, [])
    return ConfigText(form, found.task, found.values, found.unknown, found.problems, str(record.get("title", "")))


def _sorted_out(
    form: Form, name: str, pairs: Mapping[str, Any], tasks: Mapping[str, Task], problems: list[str]
) -> ConfigText:
    if name not in tasks:
        raise AssayError(
            f"There is no task “{name}”" if name else "This text does not say which task it is for",
            where=form,
            remedy=f"Known tasks: {', '.join(sorted(tasks))}",
        )
    annotations = {field.name: field.annotation for field in form_fields(tasks[name].config)}
    values: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for key, value in pairs.items():
        if key not in annotations:
            unknown[key] = value
        else:
            values[key] = value_from_text(value, annotations[key]) if isinstance(value, str) else value
    return ConfigText(form, name, values, unknown, tuple(problems))


def _parsed_json(text: str) -> Mapping[str, Any]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AssayError("These settings cannot be read as JSON", why=str(error)) from error
    if not isinstance(record, dict):
        raise AssayError("These settings cannot be read", why="the text holds no names and values")
    return record


def _parsed_toml(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise AssayError(
            "This text holds no settings that Assay can read",
            why=f"as TOML: {error}",
            remedy="Paste a command line, JSON or TOML as Assay writes them, or drop a report.",
        ) from error


def _options(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a union, and what `Annotated` wraps."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(option for item in get_args(annotation) for option in _options(item))
    if hasattr(annotation, "__metadata__"):
        return _options(annotation.__origin__)
    return (annotation,)


def _list_from_text(text: str, options: tuple[Any, ...]) -> Any:
    if text.strip().startswith(("[", "{")):
        return _json_or_text(text)
    if str in options and "," not in text:
        return text
    return [part.strip() for part in text.split(",") if part.strip()]


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _toml(value: Any) -> str:
    """`value` as TOML, which has no word for absence: “none” is read back as that."""
    if value is None:
        return '"none"'
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(name))} = {_toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value) if any(mark in repr(value) for mark in ".n") else repr(value).replace("e", ".0e")
    if isinstance(value, str):
        # JSON and TOML agree on these escapes, but for the delete character and lone halves of a pair.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
