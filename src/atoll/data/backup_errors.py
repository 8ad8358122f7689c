"""What can go wrong with backups.

AtollError
├── StillRunning      a database is to be put back while an instance has it open
├── BackupDamaged     a file of a backup is not what was written
├── NoBackup          a folder holds no backup, or none of what is asked for
├── BackupThere       a folder holds a backup already
└── ToolFailed        a program of PostgreSQL's is not there, or says no
"""

from atoll.kernel import AtollError


class StillRunning(AtollError):
    """A database is to be put back while an instance has it open."""

    code = "still_running"

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service

    def __str__(self) -> str:
        return f"`{self.service}` runs, and has its database open: stop the application first"


class BackupDamaged(AtollError):
    """A file of a backup is not what was written."""

    code = "backup_damaged"

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file

    def __str__(self) -> str:
        return f"{self.file} is not the file that was backed up: its digest is another one; use another backup"


class NoBackup(AtollError):
    """A folder holds no backup, or none of what is asked for."""

    code = "no_backup"

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return f"{self.folder} holds no backup that can be put back: {self.reason}"


class BackupThere(AtollError):
    """A folder holds a backup already."""

    code = "backup_there"

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"{self.folder} holds a backup already, which is not overwritten: name a new folder"


class ToolFailed(AtollError):
    """A program of PostgreSQL's is not there, or says no."""

    code = "tool_failed"

    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(tool, reason)
        self.tool, self.reason = tool, reason

    def __str__(self) -> str:
        return f"`{self.tool}`: {self.reason}"
