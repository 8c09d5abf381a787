"""What the palette finds: tasks, runs, settings fields, commands and help, by plain words; knows no screen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.core import form_fields
from app.core.task import Task
from app.runs.plain_text import one_line
from app.runs.states import BADGES
from app.runs.summary import RunSummary
from app.shell.shortcuts import COMMANDS

Kind = Literal["command", "task", "run", "field", "help", "model"]
MOST = 60


@dataclass(frozen=True)
class Entry:
    """One thing to find. `reason` says why it cannot be used now ("" when it can)."""

    kind: Kind
    key: str
    words: str
    detail: str = ""
    aliases: str = ""
    reason: str = ""


def entries(
    tasks: Mapping[str, Task], summaries: Iterable[RunSummary], help_pages: Mapping[str, str], keys: Mapping[str, str]
) -> list[Entry]:
    """Everything that can be found, commands first, runs newest first."""
    found = [Entry("command", c.key, c.words, keys.get(c.key, "")) for c in COMMANDS]
    for task in tasks.values():
        found.append(Entry("task", task.name, task.title, task.name))
        for field in form_fields(task.config):
            help_words = one_line(field.help)[:80]
            found.append(
                Entry("field", f"{task.name}/{field.name}", field.title, task.title, f"{field.name} {help_words}")
            )
    for summary in summaries:
        tags = " ".join(f"#{tag}" for tag in summary.tags)
        detail = (
            f"{BADGES[summary.state][1]} · {one_line(summary.verdict)}" if summary.verdict else BADGES[summary.state][1]
        )
        found.append(
            Entry(
                "run",
                summary.id,
                one_line(summary.name or summary.id),
                detail,
                f"{tags} {summary.note} {_settings(summary)}",
            )
        )
    found += [Entry("help", key, title, "Help") for key, title in help_pages.items()]
    return found


def _settings(summary: RunSummary) -> str:
    config = summary.config if isinstance(summary.config, Mapping) else {}
    return " ".join(f"{name}={value}" for name, value in config.items())


def matching(found: Iterable[Entry], query: str) -> list[Entry]:
    """The entries that fit, best first. `>` looks at commands only, `#` at tags, `@` at models; every word must occur."""
    query = query.strip()
    kinds: set[Kind] | None = None
    if query.startswith(">"):
        kinds, query = {"command"}, query[1:]
    elif query.startswith("@"):
        kinds, query = {"model"}, query[1:]
    elif query.startswith("#") or "=" in query:
        kinds = {"run"}
    words = query.lower().split()
    scored = []
    for place, entry in enumerate(found):
        if kinds is not None and entry.kind not in kinds:
            continue
        score = _score(entry, words)
        if score is not None:
            scored.append((score, place, entry))
    scored.sort(key=lambda item: item[:2])
    return [entry for _, _, entry in scored[:MOST]]


def _score(entry: Entry, words: list[str]) -> int | None:
    """Lower is better; None where a word does not occur, not even as initials."""
    title = entry.words.lower()
    initials = "".join(part[0] for part in title.split() if part)
    rest = f"{title} {entry.detail} {entry.aliases} {entry.key}".lower()
    total = 0
    for word in words:
        if title.startswith(word):
            total += 0
        elif word in title:
            total += 2
        elif initials.startswith(word):
            total += 3
        elif word in rest:
            total += 5
        else:
            return None
    return total
