"""``hushtap serve``: the gateway, many live calls from recording taps."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hushtap.cli.output import complain, make_vault, print_json, say
from hushtap.cli.redact import ModelOption
from hushtap.cli.signals import INTERRUPTED, answered_by
from hushtap.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.ears.shared import Ears
    from hushtap.gateway.config import Settings
    from hushtap.gateway.serve import Gateway
    from hushtap.vault.recordings import Vault

_NEEDED = (
    *("defusedxml", "pydantic_settings", "prometheus_client"),
    *("pylibsrtp", "starlette", "uvicorn", "websockets"),
)

ConfigOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Settings, as configs/gateway.toml shows them."),
]


def serve(
    *,
    config: ConfigOption = None,
    model: ModelOption = None,
    check: Annotated[bool, typer.Option("--check", help="Only check the settings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tell what listens as JSON.")] = False,
) -> None:
    """Take many live calls from recording taps: muted and encrypted before they are written.

    SIGTERM or Ctrl-C: no more calls are taken, and it ends once those that are up have
    ended; a second one ends them. SIGHUP reads the policies again, and
    who may listen.

    [bold]Examples[/]

    [cyan]hushtap serve --config configs/gateway.toml[/]

    One setting for this run alone:
    [cyan]HUSHTAP_GATEWAY_LIMITS__MAX_CALLS=8 hushtap serve --config configs/gateway.toml[/]
    """
    settings = _settings(config)
    _check_files(settings)
    for line in _warnings(settings):
        complain(line)
    from hushtap import models  # noqa: PLC0415

    # No vault is made for calls that no ear could hear.
    models.resolve(models.default_model() if model is None else model)
    if check:
        from hushtap.gateway.policies import Policies  # noqa: PLC0415

        Policies(settings.policy)
        if settings.monitor is not None:
            from hushtap.gateway.supervisors import read_listeners  # noqa: PLC0415

            read_listeners(settings.monitor.listeners)
        say("the settings are sound")
        return
    _log_to_stderr()
    vault = make_vault(settings.vault.path)

    from hushtap.ears.loading import load_engine  # noqa: PLC0415
    from hushtap.session import Ears  # noqa: PLC0415

    with Ears(load_engine(model)) as ears:
        raise typer.Exit(run(settings, vault, ears, as_json=as_json))


def run(settings: Settings, vault: Vault, ears: Ears, *, as_json: bool) -> int:
    """Serve until a signal ends it; return the exit code.

    The first signal drains, the second gives up what is left, the third ends the process.
    """
    import asyncio  # noqa: PLC0415
    import signal  # noqa: PLC0415

    from hushtap.gateway.serve import Gateway  # noqa: PLC0415

    async def serving() -> int:
        loop = asyncio.get_running_loop()
        gateway = Gateway(settings, vault, ears)
        answers: list[Callable[[], object]] = [gateway.stop, gateway.abandon]
        given_up: list[bool] = []

        def answer() -> bool:
            if not answers:
                return False
            loop.call_soon_threadsafe(answers.pop(0))
            given_up.append(not answers)
            return True

        reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = loop.create_task(gateway.reload())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        with answered_by(answer):
            await gateway.run(lambda: _tell(gateway, as_json=as_json))
        return INTERRUPTED if any(given_up) else 0

    return asyncio.run(serving())


def _settings(config: Path | None) -> Settings:
    from importlib.util import find_spec  # noqa: PLC0415

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(f"hushtap serve needs {missing[0]}: pip install 'hushtap[gateway]'")
    from hushtap.gateway.config import read_settings  # noqa: PLC0415

    return read_settings(config)


def _check_files(settings: Settings) -> None:
    """Refuse settings that name a file which cannot be read, before anything is made."""
    for name, section in settings:
        for key, value in section or ():
            if isinstance(value, Path) and name != "vault":
                try:
                    value.open("rb").close()
                except OSError as error:
                    problem = f"{key} of [{name}] cannot be read ({error.strerror})"
                    raise UsageError(f"{value}: {problem}") from None


def _warnings(settings: Settings) -> list[str]:
    """Return what an operator should know of settings that are allowed."""
    sections = {
        name: getattr(settings, name) for name in ("http", "audiosocket", "twilio", "audiohook")
    }
    lines = [
        f"warning: [{name}] {section.listen} is reached from other machines, in clear"
        for name, section in sections.items()
        if section is not None and section.exposed
    ]
    lines += [
        f"warning: [siprec] {where} is reached from other machines, in clear"
        for where in (settings.siprec.exposed if settings.siprec else ())
    ]
    taps = ("rtp", "siprec", "audiosocket", "twilio", "audiohook")
    if not any(getattr(settings, name) for name in taps):
        lines.append(
            "warning: no tap is set, so no call will come: give a section such as [audiosocket]"
        )
    if settings.rtp is not None and settings.rtp.allow_plain:
        lines.append(
            "warning: [rtp] whoever reaches its ports can listen on the way, or add to a call"
        )
    if settings.audiosocket is not None and not settings.audiosocket.is_loopback:
        lines.append("warning: [audiosocket] has no password: whoever reaches it can begin calls")
    return lines


def _tell(gateway: Gateway, *, as_json: bool) -> None:
    listening: dict[str, Any] = {"http": gateway.web.port}
    for tap in gateway.taps:
        listening[tap.name] = tap.ports if hasattr(tap, "ports") else getattr(tap, "port", None)
    if as_json:
        print_json({"ready": listening})
    else:
        say(f"ready: {', '.join(f'{name} {where}' for name, where in listening.items())}")


def _log_to_stderr() -> None:
    """Let Hushtap's own logs be seen, which carry no text, and nobody else's."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    own = logging.getLogger("hushtap")
    own.addHandler(handler)
    own.setLevel(logging.INFO)
    own.propagate = False
    # Without a handler of its own, the root would print warnings of libraries.
    logging.getLogger().addHandler(logging.NullHandler())
