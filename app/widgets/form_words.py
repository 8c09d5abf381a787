"""What a form says about a setting: kinds of values, ranges, defaults, and faults in plain words."""

import types
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError

from app.core.config import Config, FormField
from app.widgets.number_text import number_text

Kind = Literal["whole", "real", "switch", "choice", "text", "list", "classes", "path", "secret", "multiline"]
WORDS_FOR_LENGTH = {"too_short": "at least", "too_long": "at most"}


@dataclass(frozen=True)
class Shape:
    """How a field is edited: its kind, whether it may be left out, and the type or the choices inside."""

    kind: Kind
    optional: bool = False
    item: type = str
    choices: tuple[Any, ...] = ()
    tuple_like: bool = False


def shape_of(field: FormField) -> Shape:
    """Read the annotation of a setting; raises TypeError for one that no form can edit."""
    annotation, optional = _without_none(field.annotation)
    named: dict[str, Kind] = {
        "data": "path", "model": "path", "secret": "secret", "multiline": "multiline", "classes": "classes",
    }  # fmt: skip
    origin, inside = get_origin(annotation), get_args(annotation)
    item = next((part for part in inside if isinstance(part, type)), str)
    if field.widget in named:
        return Shape(named[field.widget], optional, item if origin in (list, tuple) else str, (), origin is tuple)
    if origin is Literal:
        return Shape("choice", optional, str, inside)
    if origin in (list, tuple, frozenset, set):
        return Shape("list", optional, item, (), origin is tuple)
    for kind, python in (("switch", bool), ("whole", int), ("real", float), ("text", str)):
        if isinstance(annotation, type) and issubclass(annotation, python):
            return Shape(kind, optional, python)  # type: ignore[arg-type]
    raise TypeError(f"no editor for {field.name}: {annotation}")


def help_words(field: FormField) -> str:
    """The whole explanation of a setting: what it is, its range and its default."""
    parts = [field.help] if field.help else []
    if limits := range_words(field):
        parts.append(limits)
    if not field.required:
        parts.append(f"Default: {value_words(field.default, field.labels)}{f' {field.unit}' if field.unit else ''}")
    return "\n".join(parts)


def range_words(field: FormField) -> str:
    """“From 1 to 5000”, “Above 0”, or nothing."""
    low = field.ge if field.ge is not None else field.gt
    high = field.le if field.le is not None else field.lt
    above, below = "Above" if field.gt is not None else "At least", "below" if field.lt is not None else "at most"
    if low is not None and high is not None:
        if field.ge is not None and field.le is not None:
            return f"From {_plain(low)} to {_plain(high)}"
        return f"{above} {_plain(low)}, {below} {_plain(high)}"
    if low is not None:
        return f"{above} {_plain(low)}"
    return f"{below.capitalize()} {_plain(high)}" if high is not None else ""


def value_words(value: Any, labels: dict[str, str] | None = None) -> str:
    """A value as the form shows it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(value_words(part) for part in value) or "none"
    text = str(value)
    return (labels or {}).get(text, text) or "empty"


def faults_of(config: type[Config], values: dict[str, Any]) -> list[tuple[str, str]]:
    """(field, message) for all that keeps `values` from being a `config`; field "" means the settings as a whole."""
    try:
        config.model_validate(values)
    except ValidationError as error:
        return [(str(fault["loc"][0]) if fault["loc"] else "", fault_words(fault)) for fault in error.errors()]
    return []


def fault_words(fault: Any) -> str:
    """One entry of pydantic's `errors()` in a short sentence."""
    context = fault.get("ctx", {})
    match fault["type"]:
        case "greater_than_equal":
            return f"Must be at least {_plain(context['ge'])}"
        case "greater_than":
            return f"Must be above {_plain(context['gt'])}"
        case "less_than_equal":
            return f"Must be at most {_plain(context['le'])}"
        case "less_than":
            return f"Must be below {_plain(context['lt'])}"
        case "missing":
            return "Needs a value"
        case "int_parsing" | "int_type" | "int_from_float":
            return "Must be a whole number"
        case "float_parsing" | "float_type":
            return "Must be a number"
        case "finite_number":
            return "Must be a finite number"
        case "literal_error":
            return f"Must be one of {context.get('expected', 'the choices')}"
        case "too_short" | "too_long":
            bound = context.get("min_length", context.get("max_length"))
            return f"Needs {WORDS_FOR_LENGTH[fault['type']]} {bound} entries"
        case "string_too_short" if context.get("min_length") == 1:
            return "Needs a value"
        case "value_error" | "assertion_error":
            message = str(context.get("error") or fault["msg"])
            return message[:1].upper() + message[1:]
        case "extra_forbidden":
            return "No setting of this name"
        case _:
            return str(fault["msg"])


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        inside = get_args(annotation)
        rest = tuple(part for part in inside if part is not type(None))
        if len(rest) < len(inside):
            return (rest[0] if len(rest) == 1 else Union[rest]), True  # noqa: UP007 - built from values
    return annotation, False


def _plain(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e15 else str(value)
