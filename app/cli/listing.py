"""Commands that only look: which tasks there are, and what a file is."""

import argparse
import json
from typing import Any, get_args, get_origin

from app.core.config import FormField, form_fields
from app.core.task import Task
from app.engines import find_task, load_tasks


def tasks(options: argparse.Namespace) -> int:
    """All tasks, or every setting of one."""
    if options.task:
        return _settings_of(find_task(options.task), as_json=options.json)
    known = sorted(load_tasks().values(), key=lambda task: task.name)
    if options.json:
        records = [_task_record(task) for task in known]
        print(json.dumps(records, indent=2, ensure_ascii=False, default=str))
        return 0
    width = max((len(task.name) for task in known), default=0)
    for task in known:
        print(f"{task.name.ljust(width)}  {task.title}")
    if known:
        print(f"\nSettings of a task: python -m app tasks {known[0].name}")
    return 0


def inspect(options: argparse.Namespace) -> int:
    """What the files are: 0 when they can be used, 2 when not."""
    from app.data.client import HelperClient
    from app.runs.plain_text import one_line

    client = HelperClient()
    try:
        found = client.inspect([path.expanduser().absolute() for path in options.paths], timeout=60.0, thorough=True)
    finally:
        client.close()
    if options.json:
        record = found.as_dict()
        record["previews"] = len(found.previews)
        print(json.dumps(record, indent=2, ensure_ascii=False, default=str))
        return 0 if found.usable else 2
    print(one_line(found.title))
    if found.summary:
        print(one_line(found.summary, 1_000))
    for name, text in found.facts:
        print(f"  {one_line(name)}: {one_line(text)}")
    for problem in found.problems:
        where = f" ({one_line(problem.where)})" if problem.where else ""
        count = f" ×{problem.count}" if problem.count > 1 else ""
        what, remedy = one_line(problem.what, 1_000), one_line(problem.remedy, 1_000)
        print(f"{problem.severity}: {what}{where}{count} {remedy}".rstrip())
    return 0 if found.usable else 2


def _settings_of(task: Task, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(_task_record(task), indent=2, ensure_ascii=False, default=str))
        return 0
    print(f"{task.name}: {task.title}")
    for field in form_fields(task.config):
        default = "required" if field.required else f"default {field.default}"
        unit = f" {field.unit}" if field.unit else ""
        print(f"\n  {field.name}  ({_type_words(field)}; {default}{unit})")
        if field.help:
            print(f"      {field.help}")
    for name, preset in task.presets.items():
        print(f"\n  --preset {name}: {preset.title}. {preset.note}".rstrip())
    return 0


def _type_words(field: FormField) -> str:
    bounds = [
        f"{sign} {value:g}"
        for sign, value in (("≥", field.ge), (">", field.gt), ("≤", field.le), ("<", field.lt))
        if value is not None
    ]
    return " ".join([_name_of(field.annotation), *bounds])


def _name_of(annotation: Any) -> str:
    words = {int: "whole number", float: "number", str: "text", bool: "true or false", type(None): "none"}
    if annotation in words:
        return words[annotation]
    if str(get_origin(annotation)) == "typing.Literal":
        return " | ".join(map(str, get_args(annotation)))
    if get_origin(annotation) in (list, tuple):
        inner = [item for item in get_args(annotation) if item is not Ellipsis]
        return f"list of {', '.join(dict.fromkeys(_name_of(item) for item in inner))}"
    if get_args(annotation):
        return " or ".join(_name_of(item) for item in get_args(annotation))
    return getattr(annotation, "__name__", str(annotation))


def _task_record(task: Task) -> dict[str, Any]:
    return {
        "name": task.name,
        "title": task.title,
        "workspace": task.workspace,
        "session": task.session,
        "settings": [
            {
                "name": field.name,
                "title": field.title,
                "help": field.help,
                "type": _type_words(field),
                "required": field.required,
                "default": field.default,
                "unit": field.unit,
                "advanced": field.advanced,
            }
            for field in form_fields(task.config)
        ],
        "presets": {
            name: {"title": preset.title, "values": dict(preset.values)} for name, preset in task.presets.items()
        },
    }
