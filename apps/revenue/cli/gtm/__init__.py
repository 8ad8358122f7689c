"""The folder `gtm/`: the team's own rules as files, read with all their mistakes at once."""

from .folder import FOLDER, read_folder
from .providers import add_provider, provider_yaml
from .starting import start_folder, write_schemas

__all__ = ["FOLDER", "add_provider", "provider_yaml", "read_folder", "start_folder", "write_schemas"]
