"""The folder `gtm/`: the team's own rules as files, read with all their mistakes at once."""

from .folder import FOLDER, read_folder
from .starting import start_folder, write_schemas

__all__ = ["FOLDER", "read_folder", "start_folder", "write_schemas"]
