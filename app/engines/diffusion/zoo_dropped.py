"""The models of a dropped folder, and what is known of them."""

from pathlib import Path

from app.core.errors import AssayError
from app.data.describe_diffusion import find_diffusion_models
from app.data.diffusion_folder import read_diffusion_folder
from app.data.files import split_ref
from app.engines.diffusion.claimed_truth import attack_in
from app.engines.diffusion.known_truth import known_truth
from app.engines.diffusion.zoo import Specimen


def dropped_specimens(ref: str, seed: int) -> list[Specimen]:
    """The models that `ref` names: a folder of model folders, or several joined by |, in the order of their names.

    Raises AssayError where there is none, or one cannot be read.
    """
    folders = find_diffusion_models(split_ref(ref))
    if not folders:
        raise AssayError(
            "No diffusion model was found",
            where="models",
            why="neither the folder itself nor a folder directly in it is a pipeline or a UNet",
            remedy="Name a folder that holds model folders, or leave the field empty to train a zoo",
        )
    made: list[Specimen] = []
    for folder in folders:
        source = read_diffusion_folder(folder)
        attack = attack_in(known_truth(source))
        number = sum(each.cell == (source.kind, attack) for each in made)
        made.append(Specimen(source.kind, attack, number, seed, folder=folder.as_posix()))
    return made


def folder_of(specimen: Specimen) -> Path:
    return Path(specimen.folder)
