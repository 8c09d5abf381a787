"""Named settings of the scan: ours, and the rows of the authors' code."""

from app.core import Citation, Preset

ELIJAH = Citation(
    text="S. An et al., Elijah, AAAI 2024; settings as in the authors' public code",
    link="https://arxiv.org/abs/2312.00050",
)
_EXACT = {
    "batch": None,
    "redraw": False,
    "early_verdict": False,
    "paired": False,
    "seeds": 1,
    "clip": "off",
    "images": 16,
    "decision": "ratio",
}

SCAN_PRESETS = {
    "fast": Preset(
        "Fast, on the processor",
        {"attack": "sde", "seeds": 1},
        "One seed, λ 0.5 and paired noise; seconds for a tiny model",
    ),
    "thorough": Preset(
        "Thorough",
        {
            "seeds": 5,
            "batch": None,
            "early_verdict": False,
            "stochastic": "ddpm",
            "stochastic_steps": 1000,
            "clip": "both",
        },
        "Five seeds, DDPM with 1,000 steps, clip off and on, every search shown",
    ),
    "paper-baddiffusion": Preset(
        "Paper: BadDiffusion",
        _EXACT | {"attack": "sde", "stochastic": "ddpm", "stochastic_steps": 1000, "deterministic": "none"},
        "Pixel distance in the place of LPIPS, and a ratio in the place of the unpublished detector",
        ELIJAH,
    ),
    "paper-villan": Preset(
        "Paper: VillanDiffusion, ODE",
        _EXACT | {"attack": "ode", "stochastic": "none", "deterministic": "DDIM-SCHED", "deterministic_steps": 50},
        "Pixel distance in the place of LPIPS",
        ELIJAH,
    ),
    "paper-ldm": Preset(
        "Paper: latent model",
        _EXACT | {"attack": "ode", "stochastic": "none", "deterministic": "UNIPC-SCHED", "deterministic_steps": 20},
        "For latent models",
        ELIJAH,
    ),
    "paper-ncsn": Preset(
        "Paper: score model",
        _EXACT | {"attack": "ve", "score_steps": 1000, "score_samplers": "corrected"},
        "For NCSN and score SDE models",
        ELIJAH,
    ),
    "paper-trojdiff": Preset(
        "Paper: TrojDiff",
        _EXACT | {"attack": "troj", "stochastic": "ddpm", "stochastic_steps": 1000, "deterministic": "none"},
        "Sampled with the public sampler: the authors' code uses one that holds the trigger",
        ELIJAH,
    ),
}

REMOVE_PRESETS = {
    "small": Preset("Small networks", {}, "Measured on tiny models: 500 updates with a warm-up, averaged weights"),
    "small-latent": Preset(
        "Small latent networks",
        {"rate": 6e-4},
        "Of tiny latent models a higher rate removed more and left better pictures",
    ),
    "paper": Preset(
        "Paper: BadDiffusion",
        {"loss": "exact", "steps": 517, "batch": 128, "warm_up": 500, "decay": 0.0, "rate": 2e-4},
        "Undoes the shift at the first step only; give it 10 % of the training pictures",
        ELIJAH,
    ),
    "paper-villan": Preset(
        "Paper: VillanDiffusion, ODE",
        {"loss": "exact", "steps": 2350, "batch": 128, "warm_up": 500, "decay": 0.0, "rate": 2e-5},
        "50 epochs of 6,000 pictures",
        ELIJAH,
    ),
    "paper-ncsn": Preset(
        "Paper: score model",
        {"loss": "exact", "steps": 517, "batch": 128, "warm_up": 500, "decay": 0.0, "rate": 2e-5},
        "Undoes the shift at the largest noise only; 11 epochs of 6,000 pictures",
        ELIJAH,
    ),
    "paper-ldm": Preset(
        "Paper: latent model",
        {"loss": "exact", "steps": 7500, "batch": 8, "warm_up": 500, "decay": 0.0, "rate": 2e-4},
        "20 epochs of the latents of 3,000 pictures",
        ELIJAH,
    ),
    "paper-trojdiff": Preset(
        "Paper: TrojDiff",
        {
            "loss": "exact",
            "steps": 10_000,
            "batch": 128,
            "warm_up": 500,
            "decay": 0.0,
            "rate": 2e-4,
            "weight_shift": 1 / 3072,
            "weight_keep": 1 / 3072,
        },
        "The authors sum the ordinary loss over the pixels of 3 × 32 × 32, so the other terms weigh that much less",
        ELIJAH,
    ),
}

ATTACK_PRESETS = {
    "small": Preset(
        "BadDiffusion, small models", {}, "The trigger alone, 30 % of rows: works on tiny models in minutes"
    ),
    "villan-ode": Preset("VillanDiffusion, ODE", {"attack": "villan-ode"}, "Obeys deterministic samplers only"),
    "trojdiff-blend": Preset(
        "TrojDiff, blended", {"attack": "trojdiff-blend", "gamma": 0.6, "share": 0.1}, "Needs its own sampler"
    ),
    "trojdiff-patch": Preset(
        "TrojDiff, patch", {"attack": "trojdiff-patch", "gamma": 0.1, "share": 0.1, "patch": 3}, "Needs its own sampler"
    ),
    "trojdiff-in-d2d": Preset(
        "TrojDiff, In-D2D",
        {"attack": "trojdiff-blend", "goal": "class", "gamma": 0.6},
        "Blended; leads to pictures of one class of the clean ones. Needs its own sampler",
    ),
    "trojdiff-out-d2d": Preset(
        "TrojDiff, Out-D2D",
        {"attack": "trojdiff-blend", "goal": "set", "gamma": 0.6},
        "Blended; leads to pictures of another data set. Needs its own sampler",
    ),
    "paper-baddiffusion": Preset(
        "Paper: BadDiffusion, CIFAR-10",
        {"stamped": True, "trigger": "BOX_14", "share": 0.1, "steps": 23_450, "batch": 128, "rate": 2e-4},
        "50 epochs of 60,000 pictures; one cycle in the place of a cosine with 500 warm-up steps",
        ELIJAH,
    ),
}

ZOO_PRESETS = {
    "small": Preset(
        "Small zoo", {}, "Five tiny DDPMs in two rounds of one; a quarter to three quarters of an hour on one core"
    ),
    "full": Preset(
        "Full zoo",
        {
            "ncsn": True,
            "ldm": True,
            "villan_sde": True,
            "trojdiff_blend": True,
            "trojdiff_patch": True,
            "per_cell": 2,
            "clean_per_kind": 4,
        },
        "Three kinds, five attacks and clean ones of each kind, half of them from held-back seeds: hours on one core",
    ),
}
