"""A session is talked to through a pipe."""

import json


def test_each_line_is_a_command_and_the_end_of_the_input_ends_the_session(assay):
    lines = [{"name": "say", "text": "one"}, {"name": "say", "text": "two"}]
    answer = assay("run", "fake.echo", "--json", stdin="".join(json.dumps(line) + "\n" for line in lines))
    assert answer.returncode == 0, answer.stderr
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [event["text"] for event in events if event["k"] == "text"] == ["hello", "ONE", "TWO"]
    assert events[-1]["result"]["verdict"] == "2 answers"


def test_a_line_that_is_no_command_is_named_and_passed_over(assay):
    answer = assay("run", "fake.echo", "--json", stdin='nonsense\n{"name": "say", "text": "x"}\n')
    assert "No command: nonsense" in answer.stderr
    assert '"text": "X"' in answer.stdout
