"""What can go wrong, said so that a person can mend it."""


class AssayError(Exception):
    """A fault with a known cause: what happened, where, why, and what to do about it."""

    def __init__(self, what: str, *, where: str = "", why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        cause = f": {self.why}" if self.why else ""
        advice = f" {self.remedy}" if self.remedy else ""
        said = f"{self.what}{place}{cause}".removesuffix(".")
        return f"{said}.{advice}"

    def as_dict(self) -> dict[str, str]:
        return {"what": self.what, "where": self.where, "why": self.why, "remedy": self.remedy}

    @classmethod
    def from_dict(cls, record: dict[str, str]) -> "AssayError":
        return cls(
            record.get("what", ""),
            where=record.get("where", ""),
            why=record.get("why", ""),
            remedy=record.get("remedy", ""),
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (AssayError.from_dict, (self.as_dict(),))


class Stopped(BaseException):
    """Thrown into a task's generator when the user asks it to stop.

    It is no `Exception`, so that an engine which survives a bad sample does not survive a stop by accident.
    """
