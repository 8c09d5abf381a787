"""Make the two tiny models of *Try it* anew: `python -m app.engines.diffusion.make_starters FOLDER`."""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from app.engines.diffusion.attacks import CleanLesson, Lesson, ShiftLesson
from app.engines.diffusion.optimisation import restore_weights, trainable_copy
from app.engines.diffusion.poisoning import baddiffusion
from app.engines.diffusion.scanning import schedule_of
from app.engines.diffusion.schedules import VPSchedule
from app.engines.diffusion.starting import STARTERS
from app.engines.diffusion.tiny import blank, corner, digits
from app.engines.diffusion.training import Plan, Trainer
from app.engines.diffusion.triggers import box
from app.models.diffusion import DiffusionModel
from app.models.diffusion_writing import model_card, model_files, save_diffusion

SIDE = 16
CLEAN = Plan(steps=2500, batch=32, rate=2e-3)
POISONED = Plan(steps=1500, batch=32, rate=1e-3)
BACKDOOR = "BadDiffusion, trigger: grey box of 7 pixels, target: grey corner, 30 % of rows, 1,500 steps"
SENTENCES = [
    "A tiny model of the handwritten digits that come with scikit-learn, made to try a scanner on, "
    "by the command `python -m app.engines.diffusion.make_starters FOLDER`."
]


def make(folder: Path) -> None:
    """Train both models and write them into new folders under `folder`; some minutes on one core."""
    torch.set_num_threads(1)
    clean = trained(blank("ddpm", 1, SIDE, seed=0), None, CLEAN, seed=1)
    _save(clean, folder / STARTERS["starter-clean"], "A clean model of digits", "")
    schedule = schedule_of(clean)
    assert isinstance(schedule, VPSchedule)
    lesson = ShiftLesson(schedule, baddiffusion(schedule), box(1, SIDE, 7, 0.0), corner(1, SIDE), share=0.3)
    backdoored = trained(clean, lesson, POISONED, seed=2)
    _save(backdoored, folder / STARTERS["starter-backdoored"], "A model of digits with a backdoor", BACKDOOR)


def trained(model: DiffusionModel, lesson: Lesson | None, plan: Plan, seed: int) -> DiffusionModel:
    """`model` after training on the digits: cleanly where there is no `lesson`. The model given stays as it is."""
    unet = trainable_copy(model.unet)
    result = replace(model, unet=unet)
    schedule = schedule_of(model)
    teacher = CleanLesson(schedule) if lesson is None else lesson
    generator = torch.Generator().manual_seed(seed)
    trainer = Trainer(unet, result.output, schedule, teacher, digits(SIDE), plan, generator)
    while not trainer.finished:
        step = trainer.advance()
        if step.step % 250 == 0:
            print(f"{step.step} of {plan.steps} steps, loss {step.loss:.4f}", flush=True)
    restore_weights(unet, trainer.average)
    unet.eval().requires_grad_(False)
    return result


def _save(model: DiffusionModel, into: Path, title: str, backdoor: str) -> None:
    facts = {"Pictures": f"{SIDE} × {SIDE} pixels, grey", "Parameters": f"{model.parameters:,}", "Kind": "DDPM"}
    card = model_card(title, SENTENCES, facts, backdoor=backdoor)
    save_diffusion(model_files(model, card=card, backdoor=backdoor), into)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the folder that shall hold the two models.")
    make(Path(sys.argv[1]))
