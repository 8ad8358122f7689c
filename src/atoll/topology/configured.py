"""What is set for an application: read, and everything that is wrong with it, before anything is started."""

import dataclasses
from collections.abc import Sequence

from atoll.data.places import SECTION, DatabaseSettings
from atoll.kernel import Config, Mistake, read_settings, refuse
from atoll.service import Application, Elsewhere, Settings
from atoll.topology.exporting import SECTION as TELEMETRY
from atoll.topology.exporting import export_target
from atoll.topology.loading import Unit, load_units
from atoll.topology.remotes import with_remotes


def check_settings(application: Application, config: Config) -> None:
    """Read the settings of all services that are part of the application, and start nothing.

    Raises:
        Mistakes: everything that is wrong with the application or with what was given.
    """
    units, mistakes = load_units(application, None, apart=True)
    is_apart = {unit.name for unit in units if isinstance(unit.listed, Elsewhere) or unit.is_apart}
    here = [dataclasses.replace(unit, declaration=None) if unit.name in is_apart else unit for unit in units]
    _, found = settings_of(application, here, config, whole=not mistakes)
    _, wrong = with_remotes(application, None, config)
    _, unfit = export_target(application.name, config)
    refuse([*mistakes, *found, *wrong, *unfit])


def settings_of(
    application: Application, units: Sequence[Unit], config: Config, *, whole: bool
) -> tuple[dict[str, Settings], list[Mistake]]:
    """The settings of the hosted services. Where some could not be loaded, nobody is told that theirs are unknown."""
    hosted = [unit.declaration for unit in units if unit.declaration]
    wanted = {service.name: service.settings[1] for service in hosted if service.settings}
    others = [unit.name for unit in units if unit.declaration is None]
    others += (SECTION, TELEMETRY)
    if not whole:
        others += config.tables()[0]
    return read_settings(wanted, application.name, config, others)


def database_settings(application: str, config: Config) -> tuple[DatabaseSettings, list[Mistake]]:
    """Where databases are, and everything that is wrong with what was said about that."""
    others = config.tables()[0]
    values, mistakes = read_settings({SECTION: DatabaseSettings}, application, config, others)
    return values.get(SECTION, DatabaseSettings()), mistakes
