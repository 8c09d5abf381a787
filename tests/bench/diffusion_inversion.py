"""Trigger inversion and removal steps against the reference's step loop: same network, same machine, one run.

    python tests/bench/diffusion_inversion.py [batch] [steps]

Targets: inversion at least 1.25 times as fast, its peak memory at most 85 %, removal at least as fast. The reference
leaves the weights' gradients on and passes each of the three removal batches through the network on its own. Each side
of the inversion runs in a process of its own, so that the peaks are its own.
"""

import copy
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from diffusers import UNet2DModel  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from app.engines.diffusion.inversion import Inversion, Rule, frozen  # noqa: E402
from app.engines.diffusion.losses import Net, removal_terms  # noqa: E402
from app.engines.diffusion.schedules import VPSchedule  # noqa: E402

SHAPE = (1, 16, 16)


def network() -> nn.Module:
    torch.manual_seed(0)
    return UNet2DModel(
        sample_size=16,
        in_channels=1,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=(16, 32),
        norm_num_groups=8,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )


def called(unet: nn.Module) -> Net:
    def net(x: Tensor, t: Tensor) -> Tensor:
        made: Tensor = unet(x, t, return_dict=False)[0]
        return made

    return net


def reference_inversion(batch: int, steps: int) -> float:
    unet = network().eval()
    net = called(unet)
    tau = (-torch.rand(1, *SHAPE)).requires_grad_()
    noise, adam, t = torch.randn(batch, *SHAPE), torch.optim.Adam([tau], lr=0.1), torch.full((batch,), 999)
    begun = time.perf_counter()
    for _ in range(steps):
        unet.zero_grad()
        adam.zero_grad()
        loss = torch.nn.functional.l1_loss(0.5 * tau, net(noise + tau, t).mean(0, keepdim=True))
        torch.autograd.backward(loss)
        adam.step()
    return (time.perf_counter() - begun) / steps


def our_inversion(batch: int, steps: int) -> float:
    generator = torch.Generator().manual_seed(0)
    with frozen(network()) as unet:
        search = Inversion(called(unet), VPSchedule.linear(), SHAPE, Rule(0.5, "-U", steps, batch), generator)
        begun = time.perf_counter()
        while not search.finished:
            search.advance()
        return (time.perf_counter() - begun) / steps


def removal(batch: int, steps: int, separate: bool) -> float:
    unet = network()
    suspect = copy.deepcopy(unet).eval().requires_grad_(False)
    net, reference, schedule = called(unet), called(suspect), VPSchedule.linear()
    adam = torch.optim.Adam(unet.parameters(), lr=1e-5)
    tau, eps, x, t = torch.rand(1, *SHAPE), *torch.randn(2, batch, *SHAPE), torch.randint(0, 1000, (batch,))
    late, mse = torch.full((batch,), 999), torch.nn.functional.mse_loss
    begun = time.perf_counter()
    for _ in range(steps):
        adam.zero_grad()
        if separate:
            with torch.no_grad():
                wanted = reference(eps, late)
            loss = mse(net(x, t), eps) + mse(net(eps + tau, late), wanted) + mse(net(eps, late), wanted)
        else:
            loss = removal_terms(net, reference, schedule, tau, eps, x, eps, t).total()
        torch.autograd.backward(loss)
        adam.step()
    return (time.perf_counter() - begun) / steps


def apart(name: str, batch: int, steps: int) -> tuple[float, float]:
    """Seconds a step, and MiB of peak memory above what the process held before, of one side on its own."""
    done = subprocess.run(
        [sys.executable, __file__, name, str(batch), str(steps)], capture_output=True, text=True, check=True
    )
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), float(peak)


def one_side(work: Callable[[int, int], float], batch: int, steps: int) -> None:
    work(2, 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = work(batch, steps)
    print(json.dumps([seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024]))


def main(batch: int, steps: int) -> None:
    (slow, wide), (fast, narrow) = (apart(side, batch, steps) for side in ("reference", "ours"))
    print(f"inversion, batch {batch}: reference {slow * 1e3:.1f} ms, ours {fast * 1e3:.1f} ms, {slow / fast:.2f}x")
    print(f"peak memory above start: {wide:.0f} and {narrow:.0f} MiB, {narrow / wide:.0%}")
    separate, batched = (removal(32, max(5, steps // 4), apart_) for apart_ in (True, False))
    print(
        f"removal, batch 32: separate {separate * 1e3:.1f} ms, batched {batched * 1e3:.1f} ms, {separate / batched:.2f}x"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    sides = {"reference": reference_inversion, "ours": our_inversion}
    if len(sys.argv) > 1 and sys.argv[1] in sides:
        one_side(sides[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3]))
    else:
        numbers = [int(word) for word in sys.argv[1:]]
        main(*(numbers + [100, 100][len(numbers) :]))
