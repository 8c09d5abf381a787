"""The queue: edited freely, kept on disk, never confused by what is gone."""

import pytest

from app.core import AssayError
from app.runs.store import Store


def test_order_is_kept_and_edited(store):
    a, b, c = (store.create("fake.count", {}, name=name) for name in "abc")
    assert store.queue.order() == [a, b, c]
    store.queue.move(c, 0)
    store.queue.hold(a)
    assert Store(store.root).queue.order() == [c, a, b] and Store(store.root).queue.held() == {a}
    assert store.summary(a).state == "held"
    store.queue.remove(c)
    assert store.queue.claim_next(5) == b
    assert store.queue.claim_next(5) is None
    store.queue.release(a)
    assert store.queue.claim_next(5) == a and store.queue.order() == []


def test_the_limit_counts_what_is_under_way(store):
    a, b = store.create("fake.count", {}), store.create("fake.count", {})
    assert store.queue.claim_next(1) == a
    assert store.summary(a).state == "starting"
    assert store.queue.claim_next(1) is None
    store.queue.ended(a)
    assert store.queue.claim_next(1) == b


def test_a_run_that_does_not_wait_cannot_be_moved(store):
    run = store.create("fake.count", {})
    store.queue.remove(run)
    for act in (store.queue.hold, store.queue.release, lambda run: store.queue.move(run, 0)):
        with pytest.raises(AssayError):
            act(run)
    store.queue.remove(run)


def test_a_run_deleted_behind_our_back_is_passed_over(store):
    a, b = store.create("fake.count", {}), store.create("fake.count", {})
    store.disk.remove_tree(store.folder(a))
    assert store.queue.claim_next(1) == b


@pytest.mark.parametrize("content", [b"", b"[]", b'{"order": 3}', b'{"order": [1, null], "held": {}}', b"\xff"])
def test_a_damaged_queue_file_is_an_empty_queue_and_runs_stay(store, content):
    run = store.create("fake.count", {})
    (store.root / "queue.json").write_bytes(content)
    assert store.queue.order() == [] and store.queue.claim_next(1) is None
    assert store.summary(run).state == "interrupted"
    store.queue.add(run)
    assert store.queue.claim_next(1) == run


def test_a_waiting_run_can_be_taken_back(store, supervise):
    supervisor = supervise()
    run = supervisor.submit("fake.count", {}, hold=True)
    supervisor.pump()
    assert store.summary(run).state == "held"
    supervisor.stop(run)
    assert store.summary(run).state == "stopped" and store.queue.order() == []
    supervisor.resume(run)
    assert supervisor.wait(run, 20).state == "done"
