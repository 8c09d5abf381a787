"""PGL-SUM computes what its public code computes."""

from pathlib import Path

import numpy as np
import pytest
import torch

from app.engines.video.pglsum import PGLSUM

GOLDEN = Path(__file__).parents[2] / "golden" / "videosum" / "pglsum_forward.npz"


@pytest.mark.parametrize("case", ["p0", "p1", "p2"])
def test_scores_and_attention_equal_the_golden_forward_pass(case):
    with np.load(GOLDEN) as file:
        golden = {name[3:]: file[name] for name in file.files if name.startswith(case)}
    _, features, segments, heads = map(int, golden["config"])
    fusion, positions = map(str, golden["fusion_posenc"])
    network = PGLSUM(
        features,
        segments=segments,
        heads=heads,
        fusion="add" if fusion == "None" else fusion,
        positions=positions == "absolute",
    )
    weights = {name[2:]: torch.from_numpy(value) for name, value in golden.items() if name.startswith("W_")}
    network.load_state_dict(weights, strict=True)
    x = torch.from_numpy(golden["x"])
    with torch.no_grad():
        np.testing.assert_allclose(network(x), golden["y"], atol=1e-5)
        np.testing.assert_allclose(network.attention.attention.weights(x)[-1], golden["attn_last_head"], atol=1e-5)


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_a_very_short_video_gets_a_score_per_frame(frames):
    with torch.no_grad():
        assert PGLSUM(32, heads=4)(torch.ones(frames, 32)).shape == (frames,)
