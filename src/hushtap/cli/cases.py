"""``hushtap cases`` and ``hushtap tune``: from flagged misses to a better policy."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - Typer reads annotations
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hushtap.cli.keys import ProviderOption, UnprotectedOption
from hushtap.cli.newkeys import new_key_at
from hushtap.cli.output import complain, open_vault, print_json, print_table, say, secret_of
from hushtap.cli.redact import ModelOption, PolicyOption
from hushtap.cli.vault import DEFAULT, VaultOption
from hushtap.errors import UsageError, VaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hushtap.evaluate import Summary
    from hushtap.tuning.search import Tuned
    from hushtap.tuning.trials import Trial
    from hushtap.vault.recordings import Vault
    from hushtap.web.cases import TuningCase, TuningCases

app = typer.Typer(help="What was flagged as missed, to tune a policy by.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="JSON, one line a case.")]
_Each = Annotated[
    int, typer.Option("--each", metavar="N", min=1, max=20, help="Readings of each case.")
]


_FIGURES: Final[dict[str, Callable[[Summary], float]]] = {
    "seconds of numbers audible": lambda one: one.audible_seconds,
    "numbers open": lambda one: float(one.open_numbers),
    "harmless numbers muted": lambda one: float(one.harmless_numbers_muted),
    "false mutes": lambda one: float(one.false_mutes),
    "seconds of false mutes": lambda one: one.false_mute_seconds,
}


@app.command("init")
def init(
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="Where the private key goes: elsewhere.")
    ],
    vault: VaultOption = DEFAULT,
    *,
    provider: ProviderOption = "passphrase",
    unprotected: UnprotectedOption = False,
) -> None:
    """Make the key that the sound of flagged misses is sealed to, where the desk's rules keep it.

    [cyan]hushtap cases init --key safe/cases.key --vault calls.vault[/]
    """
    opened, cases = _cases(vault)
    new = new_key_at(key, "cases", provider, unprotected=unprotected)
    say(cases.make_key(opened, new))


@app.command("list")
def list_cases(vault: VaultOption = DEFAULT, *, as_json: _Json = False) -> None:
    """List the cases: how each missed number was said, no digit of it.

    [cyan]hushtap cases list[/]
    """
    opened, cases = _cases(vault)
    cases.purge(opened)
    rows = []
    for one in cases.all():
        if as_json:
            pattern = one.pattern.as_json()
            print_json({"id": one.id, "recording": one.recording, **pattern, "until": one.until})
            continue
        groups, asked = one.pattern.groups, one.pattern.asked
        rows.append(
            (
                *(str(one.id), one.recording, str(one.pattern.entity)),
                f"{groups[-1][1]:.1f} s in {len(groups)}",
                "not" if asked is None else f"{asked:.1f} s before",
                "-" if one.until is None else f"until {_day(one.until)}",
            )
        )
    if not as_json:
        print_table(("case", "recording", "what", "said", "asked for", "sound"), rows)


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the calls go.")],
    vault: VaultOption = DEFAULT,
    *,
    each: _Each = 2,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Write each case as calls with their truth, for [bold]hushtap eval[/].

    A synthetic voice says invented numbers as the missed ones were said. It needs the
    extra [bold]voices[/]. Sounds that were kept are never written.

    [cyan]hushtap cases export missed/ --vault calls.vault[/]
    """
    import soundfile  # noqa: PLC0415

    from hushtap.vault.files import whole_file  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    _, cases = _cases(vault)
    for name, samples, truth in _read_again(cases.all(), each):
        wav = io.BytesIO()
        soundfile.write(wav, samples, truth["sample_rate"], format="WAV", subtype="PCM_16")
        for suffix, content in (("wav", wav.getvalue()), ("json", json.dumps(truth).encode())):
            with whole_file(folder / f"{name}.{suffix}", replace=force) as file:
                file.write(content)
        say(name)


@app.command("forget")
def forget(
    case: Annotated[
        int | None, typer.Argument(metavar="CASE", help="The number of a case.")
    ] = None,
    vault: VaultOption = DEFAULT,
    *,
    due: Annotated[bool, typer.Option("--due", help="Sounds whose term is over.")] = False,
) -> None:
    """Destroy a case with its sound; or only the sounds whose term is over.

    [cyan]hushtap cases forget --due[/]
    """
    if due == (case is not None):
        raise UsageError("name a case, or --due")
    opened, cases = _cases(vault)
    if case is None:
        done = f"{cases.purge(opened)} sounds are destroyed"
    else:
        cases.drop(case)
        done = f"case {case} is forgotten"
    if cases.owed:
        raise VaultError(
            f"{done}, but somebody reads the desk's database, whose log remembers it; "
            "do hushtap cases forget --due once that has ended"
        )
    say(done)


def tune(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new policy (.toml).")],
    vault: VaultOption = DEFAULT,
    *,
    cases: Annotated[
        Path | None,
        typer.Option(
            "--cases", metavar="DIR", help="Labelled calls, in place of those of a vault's desk."
        ),
    ] = None,
    guard: Annotated[
        Path | None,
        typer.Option("--guard", metavar="DIR", help="Labelled calls that must not come out worse."),
    ] = None,
    policy: PolicyOption = "pci-ssn",
    model: ModelOption = None,
    cases_key: Annotated[
        Path | None,
        typer.Option("--cases-key", metavar="FILE", help="Use the sounds that were kept, too."),
    ] = None,
    each: _Each = 2,
    as_json: Annotated[bool, typer.Option("--json", help="All figures as JSON.")] = False,
) -> None:
    """Tune a policy on flagged misses, and write the one that leaks less on them.

    Without [bold]--guard[/] the sample calls that Hushtap ships with are the guard set.

    [cyan]hushtap tune ours.toml --policy pci-ssn --vault calls.vault[/]
    """
    from hushtap.ears.loading import load_engine  # noqa: PLC0415
    from hushtap.pii.policy import load_policy  # noqa: PLC0415
    from hushtap.resources import folder  # noqa: PLC0415
    from hushtap.tuning import search, trials  # noqa: PLC0415
    from hushtap.vault.files import whole_file  # noqa: PLC0415

    before = load_policy(policy)
    if out.exists():
        raise UsageError(f"{out}: there already; choose another name")
    made = trials.load(cases) if cases is not None else list(_of_vault(vault, cases_key, each))
    if not made:
        raise UsageError("there is no case to tune by: flag what was missed at the desk first")
    guarded = trials.load(guard or folder("samples"))
    judge = trials.Judge(load_engine(model))
    tuned = search.tune(before, made, guarded, judge, lambda what: complain(f"tries {what}"))
    if tuned.steps:
        with whole_file(out) as file:
            file.write(search.as_toml(tuned, before.name).encode())
    if as_json:
        print_json(_document(tuned, out))
    else:
        _tell(tuned, out)


def _tell(tuned: Tuned, out: Path) -> None:
    rows = [
        (name, *(f"{figure(one):.2f}" for pair in (tuned.cases, tuned.guard) for one in pair))
        for name, figure in _FIGURES.items()
    ]
    columns = ("", "cases before", "after", "guard before", "after")
    print_table(columns, rows)
    for step in tuned.steps:
        say(f"{step.knob} = {step.value}: {step.before:.2f} s -> {step.after:.2f} s audible")
    say(str(out) if tuned.steps else "no knob of the policy helps: nothing is written")


def _document(tuned: Tuned, out: Path) -> dict[str, Any]:
    both = {"cases": tuned.cases, "guard": tuned.guard}
    return {
        "policy": str(out) if tuned.steps else None,
        "steps": [asdict(step) for step in tuned.steps],
        **{name: {"before": asdict(a), "after": asdict(b)} for name, (a, b) in both.items()},
    }


def _of_vault(vault: Path, key: Path | None, each: int) -> Iterator[Trial]:
    """Yield the cases of a vault's desk: read again, or as they sounded where that was kept."""
    from hushtap.evaluate.truth import truth_of  # noqa: PLC0415
    from hushtap.tuning.trials import Trial  # noqa: PLC0415
    from hushtap.vault.audit.events import Activity, Kind, Outcome, Thing  # noqa: PLC0415
    from hushtap.web.cases import unsealed  # noqa: PLC0415

    opened, cases = _cases(vault)
    cases.purge(opened)
    found = cases.all()
    heard = [one for one in found if one.sound is not None] if key is not None else []
    if key is not None and heard:
        private = opened.keyring.open(key, secret_of(key))
        for one in heard:
            thing = Thing(Kind.RECORDING, one.recording)
            opened.journal.note(Activity.READ, Outcome.SUCCESS, thing)
            samples, truth = unsealed(one, private)
            yield Trial(f"case-{one.id:04d}", samples, truth_of(truth))
    known = {one.id for one in heard}
    for name, samples, truth in _read_again([one for one in found if one.id not in known], each):
        yield Trial(name, samples, truth_of(truth))


def _read_again(cases: list[TuningCase], each: int) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield name, samples and truth of the readings; what cannot be read is told of."""
    from hushtap.tuning.rereading import DIGITS, read_again  # noqa: PLC0415

    for case in cases:
        if case.pattern.entity not in DIGITS:
            complain(f"case {case.id}: {case.pattern.entity} is no number that can be read again")
            continue
        for reading in range(1, each + 1):
            samples, truth = read_again(case.pattern, seed=1000 * case.id + reading)
            yield f"case-{case.id:04d}-{reading}", samples, truth


def _cases(vault: Path) -> tuple[Vault, TuningCases]:
    from hushtap.cli.web import need_web  # noqa: PLC0415

    need_web()
    from hushtap.web.cases import TuningCases  # noqa: PLC0415
    from hushtap.web.server import database_of  # noqa: PLC0415

    opened = open_vault(vault)
    return opened, TuningCases(database_of(opened))


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
