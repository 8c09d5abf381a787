"""Small valid files of the video room, built from scratch."""

import json
from pathlib import Path

import av
import h5py
import numpy as np
import scipy.io

STEPS, FRAMES, USERS, WIDTH = 20, 300, 4, 8


def clip(path: Path, *, frames: int = 12, size: tuple[int, int] = (64, 48), codec: str = "mpeg4") -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            pixels = np.full((size[1], size[0], 3), 10 * number % 256, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def sound_only(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def features(path: Path, videos: int = 3, **changes: object) -> Path:
    """The public layout; `changes` replace members of video_1, None leaves one out."""
    rng = np.random.default_rng(0)
    ends = np.array([99, 199, 299])
    with h5py.File(path, "w") as file:
        for number in range(1, videos + 1):
            members: dict[str, object] = {
                "features": rng.normal(size=(STEPS, WIDTH)).astype(np.float32),
                "gtscore": rng.uniform(size=STEPS).astype(np.float32),
                "user_summary": rng.integers(0, 2, (USERS, FRAMES)).astype(np.float32),
                "change_points": np.stack([ends - 99, ends], axis=1).astype(np.int32),
                "n_frame_per_seg": np.full(3, 100, np.int32),
                "n_frames": np.int32(FRAMES),
                "picks": np.arange(STEPS, dtype=np.int32) * 15,
                "n_steps": np.int32(STEPS),
                "video_name": f"Film {number}",
            }
            members |= changes if number == 1 else {}
            group = file.create_group(f"video_{number}")
            for name, value in members.items():
                if value is not None:
                    group[name] = value
    return path


def tvsum_groups(path: Path) -> Path:
    anno = np.random.default_rng(1).integers(1, 6, (5, 120)).astype(np.int8)
    with h5py.File(path, "w") as file:
        group = file.create_group("video_1")
        for name, value in {"user_anno": anno, "gt_score": anno.mean(0).astype(np.float32), "video_id": "abc",
                            "category": "VT", "title": "A film", "n_frames": 120, "length_s": 4.8}.items():  # fmt: skip
            group[name] = value
    return path


def tvsum_matlab(path: Path) -> Path:
    """MATLAB 7.3: 512 bytes of text, then HDF5 with references into #refs#."""
    anno = np.random.default_rng(1).integers(1, 6, (5, 120)).astype(np.float64)
    with h5py.File(path, "w", userblock_size=512) as file:
        values = {
            "video": codes("abc"), "category": codes("VT"), "title": codes("A film"), "length": np.array([[4.8]]),
            "nframes": np.array([[120.0]]), "user_anno": anno, "gt_score": anno.mean(0)[None],
        }  # fmt: skip
        for name, value in values.items():
            file[f"#refs#/{name}"] = value
            field = file.create_dataset(f"tvsum50/{name}", (1, 1), dtype=h5py.ref_dtype)
            field[0, 0] = file[f"#refs#/{name}"].ref
    with path.open("r+b") as handle:
        handle.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\x00\x02IM")
    return path


def codes(text: str) -> np.ndarray:
    return np.array([[ord(letter)] for letter in text], dtype=np.uint16)


def tvsum_table(path: Path) -> Path:
    anno = np.random.default_rng(1).integers(1, 6, (2, 3, 120))
    lines = [f"film{v}\tVT\t{','.join(map(str, row))}" for v, rows in enumerate(anno) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def summe(path: Path, **changes: object) -> Path:
    scores = np.random.default_rng(2).integers(0, 4, (200, 6)).astype(np.float64)
    values = {"user_score": scores, "gt_score": scores.mean(1)[:, None], "nFrames": 200.0, "video_duration": 8.0, "FPS": 25.0,
              "all_userIDs": np.array(["a", "b"], dtype=object), "segments": np.array([np.eye(2), 1], dtype=object)}  # fmt: skip
    scipy.io.savemat(path, values | changes, do_compression=True)
    return path


def splits_json(path: Path) -> Path:
    path.write_text(json.dumps([{"train_keys": ["video_1", "video_2"], "test_keys": ["video_3"]}]))
    return path


def splits_yaml(path: Path) -> Path:
    path.write_text("- test_keys:\n  - ../datasets/tvsum.h5/video_3\n  train_keys:\n  - ../datasets/tvsum.h5/video_1\n")
    return path


def rater_scores(path: Path) -> Path:
    path.write_text("user,start_s,end_s,score\nann,0,2,3\nann,2,4,5\nbob,0,2,1\n")
    return path


def user_summary(path: Path) -> Path:
    path.write_text(json.dumps({"user_summary": [[0, 1, 1], [1.0, 0, 0]]}))
    return path


def query_set(path: Path) -> Path:
    rows = [f"dog,w{i},http://host/frames/film{i % 2}/{i}.jpg,{i % 4},{i % 3}" for i in range(8)]
    path.write_text("query,assignmentId,imageURL,Relevance,clusterNo\n" + "\n".join(rows) + "\n")
    return path


def analysis(folder: Path) -> Path:
    folder.mkdir()
    np.savez(folder / "analysis.npz", times=np.arange(30) / 30, picks=np.array([0, 15]), features=np.zeros((2, 5)))
    facts = {"format": 1, "source": {"path": "/films/a.mp4"}, "component_names": [], "feature_kind": "embedded"}
    (folder / "analysis.json").write_text(json.dumps(facts))
    return folder


VALID = {
    "mp4": ("video", lambda folder: clip(folder / "film.mp4")),
    "avi": ("video", lambda folder: clip(folder / "film.avi")),
    "mkv": ("video", lambda folder: clip(folder / "film.mkv")),
    "ts": ("video", lambda folder: clip(folder / "film.ts", codec="mpeg2video")),
    "features": ("video-features", lambda folder: features(folder / "set.h5")),
    "tvsum groups": ("video-annotations", lambda folder: tvsum_groups(folder / "anno.h5")),
    "tvsum matlab": ("video-annotations", lambda folder: tvsum_matlab(folder / "ydata.mat")),
    "tvsum table": ("video-annotations", lambda folder: tvsum_table(folder / "anno.tsv")),
    "summe": ("video-annotations", lambda folder: summe(folder / "Air.mat")),
    "rater scores": ("video-annotations", lambda folder: rater_scores(folder / "scores.csv")),
    "user summary": ("video-annotations", lambda folder: user_summary(folder / "label.json")),
    "splits json": ("video-splits", lambda folder: splits_json(folder / "splits.json")),
    "splits yaml": ("video-splits", lambda folder: splits_yaml(folder / "splits.yml")),
    "query set": ("query-set", lambda folder: query_set(folder / "dogs.csv")),
}
"""What a file must be recognised as, and its maker."""
