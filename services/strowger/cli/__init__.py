"""The command line, `strowger`: one file a group of commands, the shared anatomy in `shared/`."""


def main() -> None:
    """Run the command line; the process ends with the exit code of the command."""
    from strowger.cli.app import app  # noqa: PLC0415 - importing this package stays free

    app(prog_name="strowger")
