"""What a whole analysis costs beside bare decoding, on a real and a generated 720p clip; with --hour, its memory.

`python -m tests.bench.video_analyse [--hour] [video …]`

Bare decoding opens the file with the same library and threads, goes through all frames and does nothing else. Both
take turns, and the best of three counts. Processor time is printed as well: on a busy machine it says more.
`--hour` analyses a generated hour of 720p with sound, in a process of its own (Linux), and needs 200 MB of disk.
"""

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av

from app.engines.video.analysing import Analyser
from app.engines.video.clip_world import make_clip
from app.engines.video.clip_writing import write_clip
from tests.bench.lines import line, load

ROOT = Path(__file__).resolve().parents[2]
SHARE = 0.8
TIMES = 3
HOUR = 3600
MEMORY = 200.0
"""MB that an hour may take beyond what decoding takes."""

ALONE = """
import sys
from pathlib import Path
from tests.bench import video_analyse
print(video_analyse.peak(getattr(video_analyse, sys.argv[1]), Path(sys.argv[2])))
"""


def main() -> int:
    """Print each figure beside its target; 0 when all are held."""
    given = [Path(word) for word in sys.argv[1:] if word != "--hour"]
    real = Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared")) / "data/videosum/big_buck_bunny_0_30.webm"
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "generated.mp4"
        write_clip(make_clip(40, width=1280, height=720), made)
        clips = given or [path for path in (real, made) if path.exists()]
        load()
        held = [_beside_decoding(path) for path in clips]
        if "--hour" in sys.argv:
            held.append(_hour(made, Path(scratch) / "hour.mkv"))
            load()
    return int(not all(held))


def decode(path: Path) -> int:
    """The number of frames of `path`, decoded as bare as the library does it."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return sum(1 for _ in container.decode(stream))


def analyse(path: Path) -> int:
    """The number of frames of `path`, analysed."""
    analyser = Analyser(path)
    for _ in analyser.chunks():
        pass
    return analyser.result().frames


def peak(work: Callable[[Path], int], path: Path) -> str:
    """Frames, s, and the peak memory of this process in MB after `work`."""
    begin = time.perf_counter()
    frames = work(path)
    seconds = time.perf_counter() - begin
    # ru_maxrss would count what the process that started this one held.
    words = Path("/proc/self/status").read_text(encoding="ascii").split()
    return f"{frames} {seconds} {int(words[words.index('VmHWM:') + 1]) / 1024}"


def _beside_decoding(path: Path) -> bool:
    decode(path), analyse(path)  # libraries and file are in memory from here on
    taken = [(_timed(decode, path), _timed(analyse, path)) for _ in range(TIMES)]
    (bare, ours), (bare_work, our_work) = ([min(each[k][part] for each in taken) for k in (0, 1)] for part in (0, 1))
    frames = decode(path)
    return line(
        f"analyse {path.name}",
        ours,
        bare / SHARE,
        ratio=f"{bare / ours:.2f} x bare decode ({frames / bare:.0f} frames/s), target {SHARE}; "
        f"{bare_work / our_work:.2f} x in processor time",
    )


def _timed(work: Callable[[Path], int], path: Path) -> tuple[float, float]:
    """s on the clock, and s of all processors."""
    begin, begun = time.perf_counter(), time.process_time()
    work(path)
    return time.perf_counter() - begin, time.process_time() - begun


def _hour(clip: Path, path: Path) -> bool:
    repeat(clip, path, HOUR)
    frames, bare, plain = _alone("decode", clip)
    whole, seconds, grown = _alone("analyse", path)
    speed = (whole / seconds) / (frames / bare)
    line("analyse an hour of 720p", seconds, ratio=f"{whole / seconds:.0f} frames/s, {speed:.2f} x bare decode alone")
    line("memory of decoding", plain, unit="MB")
    return line("memory of the hour beyond it", grown - plain, MEMORY, "MB", ratio=f"{grown:.0f} MB in all")


def _alone(work: str, path: Path) -> tuple[int, float, float]:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, work, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    frames, seconds, memory = done.stdout.split()
    return int(frames), float(seconds), float(memory)


def repeat(clip: Path, path: Path, seconds: float) -> None:
    """Write the packets of `clip` to `path` again and again, each time later, until `seconds` are full."""
    with av.open(str(path), "w") as target:
        with av.open(str(clip)) as source:
            length = source.duration / av.time_base
            streams = [target.add_stream_from_template(stream) for stream in source.streams]
        last: dict[int, int] = {}
        for turn in range(math.ceil(seconds / length)):
            with av.open(str(clip)) as source:
                for packet in source.demux():
                    if packet.dts is None or packet.pts is None:
                        continue
                    number = packet.stream.index
                    later = round(turn * length / packet.time_base)
                    packet.pts += later
                    packet.dts += later
                    # The sound of one turn may reach a little into the next.
                    if packet.dts > last.get(number, packet.dts - 1):
                        last[number] = packet.dts
                        packet.stream = streams[number]
                        target.mux(packet)


if __name__ == "__main__":
    sys.exit(main())
