"""With which configuration each step of a run was made.

A run may go on with another viscosity, grid or scheme (`--allow-change`). `config.toml` is what
it goes on with; the log has every change beside the step that it began after, so that the
configuration of earlier steps follows backwards from today's.
"""

import copy
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Config = dict[str, Any]

_LINE = re.compile(
    r"^continues from .* at t = \S+, step (?P<step>\d+)$"
    r"|^changed, as allowed: (?P<key>[\w.]+): (?P<old>.*) -> .*$",
    re.MULTILINE,
)
_NOT_SET = "not set"


@dataclass
class _Continuation:
    """A start from a checkpoint: its step, and what keys had been before."""

    step: int
    before: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Span:
    """The configuration of all steps after `after`, up to the next span."""

    after: int
    config: Config


def spans(config: Config, log: str) -> list[Span]:
    """Return the configurations of a run in the order of steps; `config` is today's.

    A later start from an earlier checkpoint takes back what was after it, as it does in the files.
    """
    found: list[_Continuation] = []
    for match in _LINE.finditer(log):
        if match["step"] is not None:
            found.append(_Continuation(int(match["step"])))
        elif found:
            found[-1].before.append((match["key"], match["old"]))
    configs = [config]
    for continuation in reversed(found):
        configs.append(_undone(configs[-1], continuation.before))
    configs.reverse()
    result = [Span(-1, configs[0])]
    for continuation, after in zip(found, configs[1:], strict=True):
        result = [span for span in result if span.after < continuation.step]
        if continuation.before or not result:
            result.append(Span(continuation.step, after))
    return result


def at(found: Sequence[Span], step: int) -> Config:
    """Return the configuration that a step was made with."""
    return next((span.config for span in reversed(found) if span.after < step), found[0].config)


def _undone(config: Config, before: Sequence[tuple[str, str]]) -> Config:
    config = copy.deepcopy(config)
    for key, text in before:
        *path, last = key.split(".")
        table = config
        for part in path:
            table = table.setdefault(part, {})
        if text == _NOT_SET:
            table.pop(last, None)
        else:
            table[last] = tomllib.loads(f"value = {text}")["value"]
    return config
