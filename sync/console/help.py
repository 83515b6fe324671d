"""`--help`: commands by what people are about to do, and no type after flags that take none."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

GROUPS: dict[str, tuple[str, ...]] = {
    "First steps": ("demo", "init", "check", "rate", "provision", "plan", "sync"),
    "Every day": ("report", "explain", "status", "history", "mcp"),
    "When something is wrong": ("dead-letters", "rollback", "state"),
    "Judge the scores": ("score", "backtest", "calibrate"),
    "Run it": ("schedule", "daemon", "fleet", "purge", "uninstall"),
    "For developers": ("emulator", "schema"),
}
"""Panels of `bothways --help` with their commands, in order; a command that no panel names comes last."""
_PANELS = {name: panel for panel, names in GROUPS.items() for name in names}
_ORDER = [name for names in GROUPS.values() for name in names]


class GroupedCommands(TyperGroup):
    """The application's commands, shown in panels."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of the panels."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, in its panel, with its flags shown as flags."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            panel = _PANELS.get(cmd_name)
            if panel is not None and hasattr(command, "rich_help_panel"):
                command.rich_help_panel = panel
            _without_types(command, ctx)
        return command

    def get_params(self, ctx: Any) -> list[Any]:
        """Our own options."""
        params: list[Any] = super().get_params(ctx)
        for param in params:
            _flag(param)
        return params


def _without_types(command: Any, ctx: Any) -> None:
    for param in [*command.params, command.get_help_option(ctx)]:  # the help option is made once and kept
        _flag(param)
    for nested in getattr(command, "commands", {}).values():
        _without_types(nested, ctx)


def _flag(param: Any) -> None:
    if getattr(param, "is_flag", False) and param.metavar is None:
        param.metavar = ""
