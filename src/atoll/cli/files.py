"""Files that commands write for people."""

from pathlib import Path

from atoll.cli.refusals import Mistaken


def write(file: Path, text: str) -> None:
    """Write a text file.

    Raises:
        Mistaken: it cannot be written there.
    """
    write_bytes(file, text.encode())


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file.

    Raises:
        Mistaken: it cannot be written there.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise Mistaken(
            f"{file} cannot be written: {error.strerror}",
            "Name another file, or change its rights.",
            code="not_written",
        ) from None
