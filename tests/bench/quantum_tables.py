"""Print the tables of accuracies against their targets: python tests/bench/quantum_tables.py [digits|mnist|qubits] …

MNIST needs the shared data (ASSAY_SHARED, or ../shared). One thread; a few minutes in all.
"""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from app.data.labelled import load_labelled  # noqa: E402
from app.engines.quantum.baselines import BASELINES, compete  # noqa: E402
from app.engines.quantum.model import build  # noqa: E402
from app.engines.quantum.preparation import prepare  # noqa: E402
from app.engines.quantum.published import DIGITS_TARGETS, MNIST_ROWS  # noqa: E402
from app.engines.quantum.training import Recipe, Trainer  # noqa: E402


def main() -> None:
    torch.set_num_threads(1)
    tables = {"digits": digits, "mnist": mnist, "qubits": qubits}
    for name in sys.argv[1:] or tables:
        tables[name]()


def digits() -> None:
    data = load_labelled("builtin:digits")
    print("\nDigits 8×8, test accuracy: mean ± sd of seeds 0-2 (target)")
    for classes in (("3", "9"), ("3", "6"), ("3", "8"), ("1", "5"), ()):
        label = ",".join(classes) or "all"
        epochs = 40 if classes else 60
        parts = [prepare(data.values, data.labels, data.class_names, s, classes=classes) for s in range(3)]
        for loss in ("temperature", "sum", "bce"):
            found = [trained(part, s, Recipe(epochs=epochs), loss=loss) for s, part in enumerate(parts)]
            say(label, f"co-TenQu, {loss}", [share for share, _ in found], sum(seconds for _, seconds in found) / 3)
        budget = build(parts[0], 0).counts()["total"]
        for key in BASELINES:
            found = [rival(key, part, s, budget, epochs) for s, part in enumerate(parts)]
            say(label, key, [share for share, _ in found], sum(seconds for _, seconds in found) / 3)


def mnist() -> None:
    folder = Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared")) / "data" / "cotenqu"
    data = load_labelled(str(folder))
    print("\nMNIST slice, mean of seeds 0-1 (target): ours | PCA-4 QuClassi | 17 qubits | pixel network | linear head")
    recipe = Recipe(epochs=20, batch=64)
    for row in MNIST_ROWS:
        parts = [
            prepare(data.values, data.labels, data.class_names, s, held_out=data.held_out, classes=row.classes)
            for s in range(2)
        ]
        ours = [trained(part, s, recipe) for s, part in enumerate(parts)]
        wide = [trained(part, s, recipe, front="pca", features=16, layers="S")[0] for s, part in enumerate(parts)]
        others = {
            key: np.mean([rival(key, part, s, 483, 20)[0] for s, part in enumerate(parts)])
            for key in ("quclassi_attract", "dnn", "linear_head")
        }
        mean = np.mean([share for share, _ in ours])
        flag = "ok" if mean >= row.ours - 0.02 and mean >= np.mean(wide) - 0.01 else "BELOW TARGET"
        print(
            f"{','.join(row.classes):10} {mean:.3f} ({row.ours:.3f}) {ours[0][1]:.1f} s"
            f" | {others['quclassi_attract']:.3f} ({row.quclassi_5:.3f}) | {np.mean(wide):.3f} ({row.quclassi_17:.3f})"
            f" | {others['dnn']:.3f} ({row.pixel_network:.3f}) | {others['linear_head']:.3f}  {flag}",
            flush=True,
        )
    part = prepare(data.values, data.labels, data.class_names, 0, held_out=data.held_out)
    share, seconds = trained(part, 0, Recipe(epochs=15, batch=32))
    print(
        f"0-9        {share:.3f} (0.832) {seconds:.1f} s | linear head {rival('linear_head', part, 0, 513, 15)[0]:.3f}"
    )


def qubits() -> None:
    data = load_labelled("builtin:digits")
    print("\nDigits, 10 classes, 40 epochs, mean of seeds 0-1: features | tensor network (target) | PCA (target)")
    targets = {4: (0.906, 0.761), 6: (0.939, 0.859), 8: (0.958, 0.899), 16: (0.973, 0.949)}
    parts = [prepare(data.values, data.labels, data.class_names, s) for s in range(2)]
    for features, (network, frozen) in targets.items():
        means = [
            np.mean([trained(p, s, Recipe(epochs=40), front=front, features=features)[0] for s, p in enumerate(parts)])
            for front in ("tt", "pca")
        ]
        print(f"{features:3} | {means[0]:.3f} ({network:.3f}) | {means[1]:.3f} ({frozen:.3f})", flush=True)


def trained(part, seed, recipe, **options):
    start = time.perf_counter()
    trainer = Trainer(build(part, seed, **options), (part.train_x, part.train_y), recipe, seed)
    while not trainer.finished:
        trainer.advance()
    return float((trainer.model.predict(part.test_x) == part.test_y).double().mean()), time.perf_counter() - start


def rival(key, part, seed, budget, epochs):
    start = time.perf_counter()
    contest = compete(key, part, seed, budget=budget, epochs=epochs)
    while True:
        try:
            next(contest)
        except StopIteration as end:
            return end.value.accuracy, time.perf_counter() - start


def say(classes, name, shares, seconds):
    target = DIGITS_TARGETS.get(name, {}).get(classes)
    known = f"({target:.3f})" if target else ""
    print(f"{classes:4} {name:28} {np.mean(shares):.3f} ± {np.std(shares):.3f} {known} {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
