"""A task's settings: one frozen pydantic model, from which form, command line and presets are made."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

Device = Literal["auto", "cpu", "cuda", "mps"]

Widget = Literal["auto", "data", "model", "classes", "secret", "multiline"]
"""How a form edits the field where its type does not say enough."""


class Config(BaseModel):
    """Settings of a task. Unknown names are refused; values are checked once and never change afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def field(
    default: Any = ...,
    *,
    title: str | None = None,
    help: str = "",
    unit: str = "",
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    group: str = "",
    advanced: bool = False,
    log: bool = False,
    widget: Widget = "auto",
    accepts: tuple[str, ...] = (),
    labels: dict[str, str] | None = None,
) -> Any:
    """Declare one setting of a `Config`.

    `help` says what it is and what it trades; `log` makes a form step it by factors; `labels` gives the words for the
    choices of a `Literal`; `accepts` names the data or model kinds a path field takes.
    """
    extra: dict[str, Any] = {
        "unit": unit,
        "group": group,
        "advanced": advanced,
        "log": log,
        "widget": widget,
        "accepts": list(accepts),
        "labels": labels or {},
    }
    bounds: dict[str, Any] = {"ge": ge, "gt": gt, "le": le, "lt": lt}
    return Field(default, title=title, description=help, json_schema_extra={"assay": extra}, **bounds)


@dataclass(frozen=True)
class FormField:
    """One setting as a form or command line needs it."""

    name: str
    title: str
    help: str
    annotation: Any
    default: Any
    required: bool
    unit: str
    group: str
    advanced: bool
    log: bool
    widget: Widget
    accepts: tuple[str, ...]
    labels: dict[str, str]
    ge: float | None
    gt: float | None
    le: float | None
    lt: float | None


def form_fields(config: type[Config]) -> list[FormField]:
    """The settings of `config` in the order of declaration."""
    return [_form_field(name, info) for name, info in config.model_fields.items()]


def _form_field(name: str, info: FieldInfo) -> FormField:
    schema = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    extra: dict[str, Any] = dict(schema.get("assay", {}))  # type: ignore[arg-type]
    bounds: dict[str, Any] = {"ge": None, "gt": None, "le": None, "lt": None}
    for item in info.metadata:
        for bound in bounds:
            if getattr(item, bound, None) is not None:
                bounds[bound] = getattr(item, bound)
    return FormField(
        name=name,
        title=info.title or name.replace("_", " ").capitalize(),
        help=info.description or "",
        annotation=info.annotation,
        default=None if info.is_required() else info.get_default(call_default_factory=True),
        required=info.is_required(),
        unit=extra.get("unit", ""),
        group=extra.get("group", ""),
        advanced=extra.get("advanced", False),
        log=extra.get("log", False),
        widget=extra.get("widget", "auto"),
        accepts=tuple(extra.get("accepts", ())),
        labels=extra.get("labels", {}),
        **bounds,
    )
