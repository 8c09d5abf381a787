"""From the settings of a run to its samples, its model and its trainer."""

from itertools import islice

import torch

from app.data.labelled import load_labelled
from app.engines.quantum.configs import DataConfig, ModelConfig
from app.engines.quantum.epsilon import EpsilonTrainer
from app.engines.quantum.losses import loss_of
from app.engines.quantum.model import TRAINABLE_FRONTS, Model, build
from app.engines.quantum.preparation import Prepared, prepare_folds
from app.engines.quantum.reading import Reading
from app.engines.quantum.samples import Loaded, load_samples
from app.engines.quantum.training import Recipe, Trainer

TURNS = (1, 1)
"""Alternating training: so many steps on the class states, then so many on the front end."""


def load(config: DataConfig, *, validate: bool = False) -> Loaded:
    """The samples that `config` names, split and scaled."""
    return load_samples(
        config.data,
        config.seed,
        classes=config.classes,
        side=None if config.image_side == "native" else int(config.image_side),
        label_column=config.label_column or None,
        on_bad_file=config.on_bad_file,
        subset=config.subset,
        test_share=config.test_share,
        validate=validate,
    )


def load_fold(config: DataConfig, folds: int, number: int) -> Prepared:
    """Fold `number` of `folds`: every sample is in the test part of exactly one."""
    data = load_labelled(
        config.data,
        side=None if config.image_side == "native" else int(config.image_side),
        label_column=config.label_column or None,
        classes=config.classes,
        on_bad_file=config.on_bad_file,
    )
    splits = prepare_folds(data.values, data.labels, data.class_names, config.seed, folds=folds, classes=config.classes)
    return next(islice(splits, number, None))


def built(config: ModelConfig, prepared: Prepared) -> Model:
    """The untrained model."""
    return build(
        prepared,
        config.seed,
        front=config.front_end,
        features=config.features,
        bond=config.bond_dimension,
        layers=config.layers,
        encoding=config.encoding,
        loss=config.loss,
        state_range=config.initial_angles,
    )


def trainer_for(
    config: ModelConfig, model: Model, prepared: Prepared, state: object | None
) -> Trainer | EpsilonTrainer:
    """A trainer at its start, or where `state` (of an earlier trainer's `state()`) left it."""
    samples = (prepared.train_x, prepared.train_y)
    if config.optimiser == "epsilon":
        if isinstance(state, dict):
            return EpsilonTrainer.restore(
                state, model, samples, config.seed, epochs=config.epochs, rate=config.learning_rate
            )
        return EpsilonTrainer(model, samples, config.seed, epochs=config.epochs, rate=config.learning_rate)
    recipe = Recipe(
        epochs=config.epochs,
        batch=config.batch_size,
        rate=config.learning_rate,
        optimiser=config.optimiser,
        gradients=config.gradients,
        turns=TURNS if config.schedule == "alternating" else None,
        patience=config.patience,
        balanced=config.balance_classes,
    )
    validation = (prepared.validation_x, prepared.validation_y) if config.patience is not None else None
    if isinstance(state, dict):
        return Trainer.restore(state, model, samples, recipe, config.seed, validation=validation)
    return Trainer(model, samples, recipe, config.seed, validation=validation)


def unlike_the_head(config: ModelConfig) -> str:
    """How the model is trained otherwise than the linear head beside it, in words for the report; empty if it is not.

    The head always gets Adam with one cycle, both sides at once, all epochs and all training samples.
    """
    ways = []
    if config.optimiser != "adam":
        ways.append({"sgd": "by SGD", "spsa": "by SPSA", "epsilon": "by epsilon-shift"}[config.optimiser])
    if config.schedule == "alternating" and config.front_end in TRAINABLE_FRONTS:
        ways.append("in turns")
    if config.patience is not None:
        ways.append("with a tenth of the samples kept back to stop early")
    if not ways:
        return ""
    return f"The head was trained by Adam to the end, the model {' and '.join(ways)}: part of it may be the training."


def loss_on(model: Model, reading: Reading) -> float:
    """The model's own loss of exact fidelities already read."""
    found, labels = torch.from_numpy(reading.fidelity), torch.from_numpy(reading.labels)
    temperature = model.log_temperature
    return float(loss_of(model.loss, found, labels, None if temperature is None else temperature.detach()))
