"""Every term of the variational objective equals the golden numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch

from app.engines.video import elbo

GOLDEN = Path(__file__).parents[2] / "golden" / "videosum" / "elbo_terms.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def test_every_term_equals_its_golden_value(golden):
    g = golden
    mean, sd = elbo.posterior(g["t"][:, None], (g["z_mu_t1"], g["z_raw_t1"]), (g["z_mu_t0"], g["z_raw_t0"]))
    z = mean + sd * g["eps"]
    found = {
        "mu": mean,
        "sigma": sd,
        "z": z,
        "log_px": elbo.features_log_density(g["x"], g["x_mean"], g["x_logscale"]),
        "log_pt": elbo.condition_log_density(g["t"], g["t_logit"]),
        "log_py_gauss": elbo.score_log_density(g["y"], g["y_mean"]),
        "log_py_bce": elbo.score_cross_entropy(g["y"], g["y_mean"]),
        "log_pz": elbo.prior_log_density(z),
        "log_qz": elbo.posterior_log_density(z, mean, sd),
        "kl_analytic": elbo.divergence(mean, sd),
        "log_qt": elbo.condition_log_density(g["t"], g["qt_logit"]),
        "log_qy_gauss": elbo.score_log_density(g["y"], g["qy_mean"]),
    }
    found["elbo_sample"] = sum(found[k] for k in ("log_px", "log_pt", "log_py_gauss", "log_pz")) - found["log_qz"]
    found["objective_sample"] = found["elbo_sample"] + found["log_qt"] + found["log_qy_gauss"]
    for name, value in found.items():
        torch.testing.assert_close(value, g[name], rtol=0, atol=1e-9, msg=name)


def test_the_objective_scales_and_weighs_its_terms_as_the_method_says():
    one = torch.ones(3)
    terms = elbo.Terms(x=8 * one, t=2 * one, y=3 * one, kl=16 * one, helper_t=5 * one, helper_y=7 * one)
    value = elbo.objective(terms, hidden_factors=16, dimensions=8, helper_weight=0.5, kl_weight=0.25)
    assert value.item() == pytest.approx(4 * 1 + 2 + 3 - 0.25 * 1 + 0.5 * 12)
