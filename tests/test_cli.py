"""The command line: what it prints, what it returns, how it answers mistakes."""

import subprocess
import sys

import pytest

import minidl
from minidl import checks
from minidl.cli import main
from minidl.graph import op


def test_notes_prints_coverage_families_and_rows(capsys):
    assert main(["notes"]) == 0 and "of 261 rows" in capsys.readouterr().out
    assert main(["notes", "vae"]) == 0 and "beta-vae" in capsys.readouterr().out
    assert main(["notes", "ewc"]) == 0 and "ewc-penalty" in capsys.readouterr().out


def test_check_reports_each_gradient_and_fails_on_a_wrong_one(capsys, monkeypatch):
    entries = [checks.Check(right, {"x": checks.normal(3)}, 2)]
    monkeypatch.setattr(checks, "load", lambda: entries)
    monkeypatch.setattr(checks, "CHECKS", entries)
    assert main(["check"]) == 0
    head, _, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "what" and first.split()[:3] == ["test_cli.right", "x", "1"]
    assert second.split()[0] == "2"
    entries.append(checks.Check(wrong, {"x": checks.normal(3)}, 1))
    assert main(["check", "wrong"]) == 1
    assert "WRONG" in capsys.readouterr().out


@op
def right(x):
    return x**2


right.vjp(x=lambda g, x: g * 2 * x)


@op
def wrong(x):
    return x**2


wrong.vjp(x=lambda g, x: g * x)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_fits_a_screen(arguments, capsys):
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 100
    for word in (minidl.__version__, "NumPy", "device", "minidl list", "minidl run"):
        assert any(word in line for line in lines)


@pytest.mark.parametrize("command", ["run", "data", "course", "learn", "grade", "gradcheck"])
def test_every_command_explains_itself(command, capsys):
    try:
        assert main([command, "--help"]) == 0
    except SystemExit as exit:
        assert exit.code == 0
    assert f"minidl {command}" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"minidl {minidl.__version__}\n"


def test_list_names_every_experiment(capsys):
    assert main(["list"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == sorted(minidl.experiments.EXPERIMENTS) and "classifier" in names


def test_each_experiment_explains_its_options(capsys):
    for name, experiment in minidl.experiments.EXPERIMENTS.items():
        with pytest.raises(SystemExit) as exit:
            main(["run", name, "--help"])
        assert exit.value.code == 0
        text = capsys.readouterr().out
        for option in ("seed", "device", "out", *experiment.options):
            assert f"--{option.replace('_', '-')}" in text


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["rum"], ["'rum'", "did you mean 'run'"]),
        (["run"], ["NAME", "classifier"]),
        (["run", "--epochs", "3"], ["NAME", "classifier"]),
        (["run", "clasifier"], ["'clasifier'", "did you mean 'classifier'"]),
        (["run", "classifier", "--epochs", "abc"], ["--epochs", "whole number", "'abc'"]),
        (["run", "classifier", "--epochs", "0"], ["--epochs", "'0'"]),
        (["run", "classifier", "--epochs"], ["--epochs", "--help"]),
        (["run", "classifier", "--seed", "x"], ["--seed", "'x'"]),
        (["run", "classifier", "--device", "tpu"], ["tpu", "cpu"]),
        (["run", "classifier", "--colour", "red"], ["--colour", "--help"]),
        (["run", "classifier", "--out", "/dev/null/x"], ["/dev/null/x", "--out"]),
        (["list", "everything"], ["everything"]),
        (["notes", "jsdd"], ["'jsdd'", "jsd"]),
        (["notes", "a", "b"], ["minidl notes", "--help"]),
        (["check", "nothing"], ["'nothing'"]),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(arguments, words, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("minidl: ")
    assert len(captured.err.splitlines()) == 1
    assert all(word in captured.err for word in words), captured.err


def test_an_interruption_is_status_130(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setitem(minidl.cli.COMMANDS, "list", interrupted)
    assert main(["list"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_colour_only_where_a_terminal_shows_it(monkeypatch, capsys):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    main(["list"])
    assert "\033" not in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    main(["list"])
    assert "\033" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["list"])
    assert "\033" not in capsys.readouterr().out


def test_the_module_is_the_command_and_a_closed_pipe_is_no_error():
    command = f"{sys.executable} -m minidl list | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout) == 1
