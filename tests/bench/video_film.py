"""Print what writing a film costs beside bare decoding and bare encoding: python tests/bench/video_film.py [video]

Without a video a clip of 40 s at 1280 × 720 is made. Half of it is kept, in five clips. Same machine, one run; ratios
are what to compare, frames per second depend on the machine.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from app.data.video import open_video  # noqa: E402
from app.engines.video.clip_world import make_clip  # noqa: E402
from app.engines.video.clip_writing import write_clip  # noqa: E402
from app.engines.video.film import CONTAINERS, OPTIONS, THREADS, Codec, suffix_of, write_film  # noqa: E402


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch) / "clip.mp4"
        if len(sys.argv) < 2:
            write_clip(make_clip(40, width=1280, height=720), path)
        stamps, decoding = timed(lambda: decoded(path))
        n = len(stamps)
        clips = [(start, start + n // 10 - 1) for start in range(0, n - n // 10, n // 5)]
        kept = sum(last - first + 1 for first, last in clips)
        print(f"{path.name}: {n} frames, {kept} kept; bare decode {n / decoding:.0f} frames/s")
        codec: Codec
        for codec in ("h264", "vp9", "av1"):
            target = Path(scratch) / f"film{suffix_of(codec)}"
            bare = encoded(path, clips, target, codec)
            _, whole = timed(
                lambda codec=codec, target=target: list(write_film(path, clips, stamps, target, codec=codec))
            )
            checking = timed(lambda target=target: decoded(target))[1]
            print(
                f"{codec}: {kept / whole:.0f} kept frames/s, {whole:.1f} s = {whole / (decoding + bare):.2f} x "
                f"(bare decode + bare encode of the kept frames {bare:.1f} s); reading again {checking / whole:.0%} of it; "
                f"{target.stat().st_size / 1e6:.1f} MB"
            )


def decoded(path: Path) -> np.ndarray:
    with open_video(path) as video:
        return np.array([frame.stamp for frame in video.frames()])


def encoded(path: Path, clips: list[tuple[int, int]], target: Path, codec: Codec) -> float:
    """s that the encoder alone takes for the kept frames, which are in memory before."""
    import av

    with open_video(path) as video:
        info = video.info
        frames = [
            frame.picture.reformat(format="yuv420p")
            for frame in video.frames()
            if any(first <= frame.number <= last for first, last in clips)
        ]
    name, _, container_format, _ = CONTAINERS[codec]
    with av.open(str(target), "w", format=container_format) as container:
        stream = container.add_stream(name, rate=round(info.rate), options={**OPTIONS[codec], "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = info.width, info.height, "yuv420p"
        stream.codec_context.thread_count = THREADS
        begin = time.perf_counter()
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, 1 / Fraction(round(info.rate))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        return time.perf_counter() - begin


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.perf_counter()
    done = work()
    return done, time.perf_counter() - begin


if __name__ == "__main__":
    main()
