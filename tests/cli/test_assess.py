"""``foursight assess`` as people run it: the real command in its own process, on the shipped bundle."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.bundle import DEFAULT_BUNDLE
from service.batch import GoodLine, read_csv, read_json_lines
from service.intake import BadLine

FOURSIGHT = str(Path(sys.executable).with_name("foursight"))
PURSUIT = "My ex waits outside my work every night and follows me home. I told him to stop and blocked him."


def run(*args: str | Path, data: bytes | None = None, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [FOURSIGHT, "assess", *map(str, args)], input=data, stdin=None if data is not None else subprocess.DEVNULL, capture_output=True,
        env=os.environ | env, timeout=300, check=False,
    )  # fmt: skip


def lines(data: bytes) -> list[dict]:
    return [json.loads(line) for line in data.decode().splitlines()]


def report(reference: str, text: str = PURSUIT, **fields: object) -> bytes:
    return json.dumps({"reference": reference, "text": text, **fields}).encode() + b"\n"


def test_one_text_in_a_pipe_is_one_json_object() -> None:
    done = run(PURSUIT)
    assert done.returncode == 0 and done.stderr == b""
    (assessment,) = lines(done.stdout)
    for item in assessment["evidence"]:
        assert PURSUIT[item["start"] : item["end"]] == item["quote"]


def test_one_text_on_a_terminal_reads_like_a_page() -> None:
    main, worker = pty.openpty()
    with subprocess.Popen(
        [FOURSIGHT, "assess", PURSUIT + "\x1b[31m"],
        stdout=worker,
        stdin=worker,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    ) as shown:
        os.close(worker)
        data = b""
        while True:
            try:
                block = os.read(main, 65536)
            except OSError:
                break
            if not block:
                break
            data += block
    assert shown.returncode == 0
    page = data.decode()
    for words in ("Review as stalking", "Points for", "Points against", "Fixated", "a person decides"):
        assert words in page
    assert "U+001B" in page, "a report cannot drive the terminal"


def test_json_lines_in_and_out_keep_the_order_and_name_the_bad(tmp_path: Path) -> None:
    source, out, bad = tmp_path / "in.jsonl", tmp_path / "out.jsonl", tmp_path / "bad.jsonl"
    source.write_bytes(
        b"\xef\xbb\xbf" + report("a") + b"not json SECRET\n" + report("b") + b"\n" + report("c", "") + report("d", "x" * 50_001)
        + report("e", mood="SECRET") + b'{"reference": "f", "text": "caf\xe9 SECRET"}\n' + b"[1]\n" + b'{"reference": "g"}\n' + report("h", "<script>\x07\x1b</script> " + PURSUIT)
    )  # fmt: skip
    done = run("--input", source, "--output", out, "--errors", bad)
    assert done.returncode == 2
    assert [a["reference"] for a in lines(out.read_bytes())] == ["a", "b", "h"]
    named = {fault["line"]: fault["message"] for fault in lines(bad.read_bytes())}
    assert set(named) == {2, 5, 6, 7, 8, 9, 10}
    assert (
        "not JSON" in named[2]
        and "blank" in named[5]
        and "50,001" in named[6]
        and "mood" in named[7]
        and "UTF-8" in named[8]
        and "text" in named[10]
    )
    said = done.stderr.decode()
    assert f"{source}:2:" in said and "3 assessed, 7 bad lines" in said
    assert "SECRET" not in said + bad.read_text(), "no report text in messages"


def test_standard_input_to_standard_output() -> None:
    done = run(data=report("a") + report("b"))
    assert done.returncode == 0
    assert [a["reference"] for a in lines(done.stdout)] == ["a", "b"]
    done = run("-", data=PURSUIT.encode())
    assert lines(done.stdout)[0]["reference"] == "text"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_in_the_encodings_that_are_used(tmp_path: Path, encoding: str) -> None:
    source = tmp_path / "export.csv"
    text = "Café Zoë – he’s “outside” every night.\r\nFollows me, again."
    source.write_bytes(
        f'Crime No,Narrative,recorded_offence\r\n1/26,"{text.replace(chr(34), chr(34) * 2)}",harassment\r\n'.encode(
            encoding
        )
    )
    done = run("--input", source, "--text-column", "Narrative", "--reference-column", "Crime No")
    assert done.returncode == 0, done.stderr
    (assessment,) = lines(done.stdout)
    assert assessment["reference"] == "1/26"
    for item in assessment["evidence"]:
        assert text[item["start"] : item["end"]] == item["quote"]


def test_csv_faults_are_named(tmp_path: Path) -> None:
    source = tmp_path / "export.csv"
    source.write_text(f'ref,text\n1,"{PURSUIT}"\n2,\n3,a,b\n4,{PURSUIT}\n')
    done = run("--input", source, "--text-column", "text", "--reference-column", "ref")
    assert done.returncode == 2
    assert [a["reference"] for a in lines(done.stdout)] == ["1", "4"]
    assert b":3: text is empty" in done.stderr and b":4: 3 cells, but the header has 2" in done.stderr
    done = run("--input", source, "--text-column", "text", "--encoding", "nonsense")
    assert done.returncode == 2 and b"no encoding 'nonsense'" in done.stderr
    done = run("--input", source, "--text-column", "Narrative")
    assert done.returncode == 2 and b"no column 'Narrative'" in done.stderr and b"ref, text" in done.stderr
    done = run("--input", source)
    assert done.returncode == 2 and b"--text-column" in done.stderr


def test_one_stray_quote_or_byte_costs_one_line(tmp_path: Path) -> None:
    source = tmp_path / "export.csv"
    rows = [f"{n},He rang again {n}".encode() for n in range(200)]
    rows[40] = b'40,"He rang and said stop'
    rows[90] = "90,Café Zoë again".encode()
    rows[120] = b"120,Caf\xe9 again"
    source.write_bytes(b"reference,text\n" + b"\n".join(rows) + b"\n")
    found = list(read_csv(source, "text"))
    assert [b.number for b in found if isinstance(b, BadLine)] == [42, 122]
    good = [g.report for g in found if isinstance(g, GoodLine)]
    assert [g.reference for g in good] == [str(n) for n in range(200) if n not in (40, 120)]
    assert good[89].text == "Café Zoë again"


def test_a_first_line_that_is_a_report_is_not_printed(tmp_path: Path) -> None:
    source = tmp_path / "export.csv"
    source.write_text(f"1,{PURSUIT} SECRET\n")
    done = run("--input", source, "--text-column", "Narrative")
    assert done.returncode == 2 and b"SECRET" not in done.stderr and b"is the first line the header?" in done.stderr


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(report("a"))
    for option in ("--output", "--errors"):
        done = run("--input", source, option, source)
        assert done.returncode == 2 and b"is the input" in done.stderr
    assert source.read_bytes() == report("a")


def test_resume_keeps_a_file_that_is_not_its_own_and_counts_references(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(report("a") + report("a", PURSUIT + " again") + report("b"))
    out.write_text('{"id": 1}\n')
    done = run("--input", source, "--output", out, "--resume")
    assert done.returncode == 2 and b"is not an assessment" in done.stderr
    assert out.read_text() == '{"id": 1}\n'
    first = run("--input", "-", data=report("a"))
    out.write_bytes(first.stdout)
    done = run("--input", source, "--output", out, "--resume")
    assert done.returncode == 0, done.stderr
    assert [a["reference"] for a in lines(out.read_bytes())] == ["a", "a", "b"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((" ",), b"empty or blank"),
        (("x" * 50_001,), b"50,001"),
        (("--input", "nowhere.jsonl"), b"nowhere.jsonl: no such file"),
        (("text", "--input", "x.jsonl"), b"not both"),
        (("text", "--bundle", "/nowhere"), b"no bundle at /nowhere"),
        (("--input", "/etc/hostname", "--output", "/nowhere/out.jsonl"), b"/nowhere/out.jsonl"),
        (("--input", "/etc/hostname", "--resume"), b"--resume needs --output"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(args: tuple[str, ...], message: bytes) -> None:
    done = run(*args)
    assert done.returncode == 2
    assert message in done.stderr and b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_full_disk_is_said_and_what_was_written_is_kept() -> None:
    done = run("--input", "-", "--output", "/dev/full", data=report("a") * 3)
    assert done.returncode == 2 and b"No space left" in done.stderr and b"Traceback" not in done.stderr


def test_a_killed_batch_goes_on_where_it_was(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"".join(report(str(n), f"{PURSUIT} {n}") for n in range(600)))
    with subprocess.Popen([FOURSIGHT, "assess", "--input", source, "--output", out]) as running:
        while not out.exists() or out.stat().st_size < 100_000:
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
    done_before = len([line for line in out.read_bytes().splitlines() if line.endswith(b"}")])
    assert 0 < done_before < 600
    with out.open("ab") as file:
        file.write(b'{"reference": "half a li')
    done = run("--input", source, "--output", out, "--resume")
    assert done.returncode == 0, done.stderr
    assert b"done before" in done.stderr
    assert sorted(int(a["reference"]) for a in lines(out.read_bytes())) == list(range(600))


def test_a_million_lines_with_one_bad_are_read_one_at_a_time(tmp_path: Path) -> None:
    """The reader alone, without the model: memory stays flat and the bad line is named."""
    import tracemalloc

    path = tmp_path / "million.jsonl"
    good = b'{"reference": "r", "text": "he rang"}\n'
    with path.open("wb") as file:
        for n in range(100):
            file.write(good * 10_000 if n != 63 else good * 9_999 + b"{broken\n")
    tracemalloc.start()
    with path.open("rb") as file:
        found = [line for line in read_json_lines(file) if isinstance(line, BadLine)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [b.number for b in found] == [640_000]
    assert peak < 10_000_000


def test_the_file_that_promote_writes_names_the_bundle(tmp_path: Path) -> None:
    pointer = tmp_path / "champion"
    pointer.write_text(f"{DEFAULT_BUNDLE}\n")
    assert run(PURSUIT, FOURSIGHT_BUNDLE=str(pointer)).stdout == run(PURSUIT).stdout
    pointer.write_text("nowhere\n")
    done = run(PURSUIT, FOURSIGHT_BUNDLE=str(pointer))
    assert done.returncode == 2 and b"no bundle at" in done.stderr
