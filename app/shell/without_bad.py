"""Whether a run could go without what cannot be read in a data set, and how that is offered."""

from app.data.inspection import Inspection
from app.data.text import plural
from app.engines import load_tasks

FIELD, VALUE = "on_bad_file", "skip"
SUFFIX = "/skip"


def can_leave_out(found: Inspection, task: str) -> int:
    """How many bad files or rows `task` can leave out; 0 where none are bad, or leaving them out would not help."""
    known = load_tasks().get(task)
    errors = sum(problem.severity == "error" for problem in found.problems)
    count = found.options.get("skippable", 0)
    if known is None or FIELD not in known.config.model_fields or errors != 1 or not isinstance(count, int):
        return 0
    return count if count < (found.count or 0) else 0


def offer_words(found: Inspection, count: int) -> str:
    """The words of the button."""
    word = "row" if found.kind == "table" else "picture"
    return f"Run without this {word}" if count == 1 else f"Run without these {plural(count, word)}"
