"""Log files that children write to by themselves and that must not fill the disk."""

import shutil
from pathlib import Path

LARGEST_LOG_BYTES = 10_000_000


def trim(log: Path, *, limit: int = LARGEST_LOG_BYTES) -> bool:
    """Move what is in a log larger than ``limit`` bytes to ``<name>.1``; tell whether it was.

    The writer keeps its open file, which is appended to: so it is copied and emptied, not
    renamed. A line written between the two is lost, which is fine for a log and for a demo.
    """
    try:
        if log.stat().st_size <= limit:
            return False
    except FileNotFoundError:
        return False
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    with log.open("rb+") as emptied:
        emptied.truncate()
    return True
