"""Times on a time axis: as words, and at round distances."""


def clock(seconds: float, step: float = 1.0) -> str:
    """m:ss, with hours where there are any, and tenths or hundredths where steps are that fine."""
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    rounded = round(seconds, digits)
    whole = int(rounded)
    tail = f"{rounded - whole:.{digits}f}"[1:] if digits else ""
    hours, minutes = whole // 3600, whole // 60 % 60
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{whole % 60:02d}{tail}"


def step_of(least: float) -> float:
    """The round distance between two marks of a time axis, at least `least` s."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
    return next((float(step) for step in steps if step >= least), 7200.0)
