"""Following a log: columns come out right whatever the file looks like, and fast."""

import json
import random
import subprocess
import sys
import time

import pytest

from app.runs.follower import LONGEST_LINE, Follower

LINE = '{{"n":{n},"t":{t},"k":"metric","name":"{name}","step":{step},"value":{value}}}\n'


def metrics(count, start=1, name="loss"):
    return "".join(LINE.format(n=n, t=n / 1000, name=name, step=n, value=1 / n) for n in range(start, start + count))


def test_new_points_come_once_and_in_order(tmp_path):
    log = tmp_path / "events.jsonl"
    follower = Follower(tmp_path)
    assert follower.poll().empty
    log.write_text(metrics(10))
    assert follower.poll().points["loss"].seq.tolist() == list(range(1, 11))
    assert follower.poll().empty
    with open(log, "a") as file:
        file.write(metrics(5, 11))
    assert follower.poll().points["loss"].seq.tolist() == list(range(11, 16))


def test_a_line_being_written_is_left_until_it_is_whole(tmp_path):
    """P2: a torn tail."""
    log, text = tmp_path / "events.jsonl", metrics(2)
    follower, seen = Follower(tmp_path), []
    for end in range(len(text) + 1):
        log.write_text(text[:end])
        batch = follower.poll()
        seen += batch.points["loss"].seq.tolist() if batch.points else []
    assert seen == [1, 2] and not follower.problems


def test_a_small_limit_reads_the_same_in_more_polls(tmp_path):
    (tmp_path / "events.jsonl").write_text(metrics(5000))
    follower, seen, polls = Follower(tmp_path), [], 0
    while not (batch := follower.poll(max_bytes=1000)).empty:
        seen += batch.points["loss"].seq.tolist()
        polls += 1
    assert seen == list(range(1, 5001)) and polls > 50


def test_a_resume_makes_later_points_forgotten(tmp_path):
    resumed = '{"n":21,"t":1,"k":"resumed","after":10,"checkpoint":null}\n'
    picture = '{"n":15,"t":1,"k":"image","name":"p","step":1,"file":"files/a.png"}\n'
    picture += '{"n":16,"t":1,"k":"log","text":"x"}\n'
    (tmp_path / "events.jsonl").write_text(metrics(14) + picture + metrics(4, 17) + resumed + metrics(3, 22))
    batch = Follower(tmp_path).poll()
    assert batch.rewind == 10
    assert batch.points["loss"].seq.tolist() == [*range(1, 11), 22, 23, 24]
    assert [record.kind for record in batch.records] == ["log", "resumed"]


def test_a_log_that_shrank_is_read_anew(tmp_path):
    log = tmp_path / "events.jsonl"
    log.write_text(metrics(10))
    follower = Follower(tmp_path)
    follower.poll()
    log.write_text(metrics(3))
    batch = follower.poll()
    assert batch.rewind == 0 and batch.points["loss"].seq.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 3000 + b"\n",
        b"{]\n",
        b"null\n",
        b"[1,2]\n",
        b'{"n":"x","k":"metric"}\n',
        b"\xff\xfe\x00\n",
        b"\n\n\n",
        b'{"n":5,"t":1,"k":"metric","name":"loss","step":1,"value":"evil"}\n',
        b'{"n":5,"t":1,"k":"metric","name":["l"],"step":1,"value":1}\n',
        b'{"n":99999999999999999999,"t":1,"k":"metric","name":"loss","step":1,"value":1}\n',
        b'{"n":5,"t":1,"k":"metric","name":"loss","step":1e400,"value":1}\n',
        b'{"n":5,"t":1,"k":"resumed"}\n',
        b'{"n":5,"t":1,"k":"resumed","after":"x"}\n',
        b'{"n":5,"t":null,"k":"log"}\n',
        b"[" * 5000 + b"\n",
        b'{"n":5,"t":1,"k":7}\n',
        b"}],[{\n",
    ],
)
def test_garbage_between_lines_costs_only_itself(tmp_path, garbage):
    """Fault 9: the log of somebody else's broken machine."""
    (tmp_path / "events.jsonl").write_bytes(metrics(5).encode() + garbage + metrics(5, 6).encode())
    follower = Follower(tmp_path)
    assert follower.poll().points["loss"].seq.tolist() == list(range(1, 11))
    assert follower.problems or not garbage.strip(b"\n\0")


def test_random_damage_never_raises(tmp_path):
    """Fault 9: bytes flipped, dropped and doubled, 200 times with a printed seed."""
    seed = 7
    print("seed", seed)
    rng = random.Random(seed)
    whole = (metrics(20) + '{"n":21,"t":1,"k":"resumed","after":10}\n' + metrics(20, 22)).encode()
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            place = rng.randrange(len(data))
            data[place : place + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
        (tmp_path / "events.jsonl").write_bytes(data)
        follower = Follower(tmp_path)
        while not follower.poll(500).empty:
            continue


def test_an_endless_line_is_passed_over(tmp_path):
    log = tmp_path / "events.jsonl"
    log.write_bytes(b"x" * (LONGEST_LINE + 1000) + b"\n" + metrics(2).encode())
    follower, seen = Follower(tmp_path), []
    while not (batch := follower.poll()).empty:
        seen += batch.points["loss"].seq.tolist() if batch.points else []
    assert seen == [1, 2] and follower.problems


def test_a_hundred_followers_need_no_handles(tmp_path):
    """Fault 23: RLIMIT_NOFILE 64."""
    code = (
        "import resource, sys; from pathlib import Path; from app.runs.follower import Follower\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "followers = [Follower(Path(sys.argv[1])) for _ in range(200)]\n"
        "print(sum(len(f.poll().points['loss']) for f in followers))\n"
    )
    (tmp_path / "events.jsonl").write_text(metrics(3))
    answer = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "600"


@pytest.mark.slow
def test_a_million_events_are_curves_for_less_work_than_parsing_them_as_json(tmp_path):
    """Fault 20 and the budget, as work beside a plain reader's; tests/bench/big_run.py tells the seconds."""
    text = metrics(1_000_000)
    (tmp_path / "events.jsonl").write_text(text)
    begun = time.thread_time()
    follower, count = Follower(tmp_path), 0
    while not (batch := follower.poll()).empty:
        count += len(batch.points["loss"])
    worked, begun = time.thread_time() - begun, time.thread_time()
    parsed = sum("k" in json.loads(line) for line in text.splitlines()[:200_000])
    plain = 5 * (time.thread_time() - begun)
    print(f"1e6 events: {worked:.2f} s of work, {plain:.2f} s as plain JSON")
    assert (count, parsed) == (1_000_000, 200_000) and worked < plain
