from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import soundfile

from evaluate.calls import RATE, muted, voice, write_case
from hushtap.errors import TapError, UsageError
from hushtap.evaluate.cases import find_cases, judge, record
from hushtap.evaluate.tally import tally

if TYPE_CHECKING:
    from pathlib import Path

CARD = {"start": 2.0, "end": 4.0, "text": "1234"}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two cases, one below a folder, and their copies: one muted, one not."""
    for name, mutes in (("a", [(1.9, 4.1)]), ("deep/b.1", [])):
        write_case(tmp_path / "cases", name, voice(6), [CARD], codec="ULAW")
        copy = tmp_path / "copies" / f"{name}.wav"
        copy.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(copy, muted(voice(6), *mutes), RATE)
    return tmp_path


def test_cases_are_judged_against_copies_of_their_names(corpus: Path) -> None:
    judged = judge(find_cases(corpus / "cases"), corpus / "copies")
    assert [(call.name, call.score.leak) for call in judged] == [("a", 0.0), ("deep/b.1", 1.0)]
    assert tally(judged).figures["two_digits"].value == 0.5


def test_a_findings_file_gives_names_and_decides_nothing(corpus: Path) -> None:
    found = {"channel": 0, "start": 2.0, "end": 4.0, "entity": "EXPIRY"}
    for name in ("a", "deep/b.1"):
        sidecar = corpus / "copies" / f"{name}.json"
        sidecar.write_text(json.dumps({"findings": [{**found, "muted": True}]}))
    told = tally(judge(find_cases(corpus / "cases"), corpus / "copies"))
    assert told.confusion == {"CREDIT_CARD": {"EXPIRY": 1, "left alone": 1}}


def test_a_call_can_be_written_down_without_its_digits(corpus: Path) -> None:
    _, opened = map(record, judge(find_cases(corpus / "cases"), corpus / "copies"))
    [number] = opened["numbers"]
    assert (opened["leak"], opened["false_mutes"]) == (1.0, [])
    assert (number["digits"], number["digits_leaked"], number["muted"]) == (4, 4, False)
    assert "1234" not in json.dumps(opened)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"findings": [{}]}', '{"findings": 3}'])
def test_a_file_of_another_tool_names_nothing(content: str, corpus: Path) -> None:
    (corpus / "copies" / "a.json").write_text(content)
    told = tally(judge(find_cases(corpus / "cases"), corpus / "copies"))
    assert told.confusion == {"CREDIT_CARD": {"muted": 1, "left alone": 1}}


def test_every_case_needs_its_copy(corpus: Path) -> None:
    (corpus / "copies" / "deep" / "b.1.wav").unlink()
    with pytest.raises(UsageError, match=r"b\.1\.wav is missing"):
        judge(find_cases(corpus / "cases"), corpus / "copies")


def test_every_case_needs_its_truth(corpus: Path) -> None:
    (corpus / "cases" / "a.json").unlink()
    with pytest.raises(UsageError, match=r"a\.json: cannot be read"):
        find_cases(corpus / "cases")


def test_what_is_no_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no \.wav"):
        find_cases(tmp_path)
    with pytest.raises(UsageError, match="absent is no folder"):
        find_cases(tmp_path / "absent")


def test_a_copy_that_is_no_audio_is_named(corpus: Path) -> None:
    (corpus / "copies" / "a.wav").write_text("no audio")
    with pytest.raises(TapError, match=r"a\.wav"):
        judge(find_cases(corpus / "cases"), corpus / "copies")
