import sys

from config import logging
from config.settings import Settings, SettingsError
from recovery.app import create_app

try:
    settings = Settings.from_env()
    logging.configure(settings.log_format)
    app = create_app(settings)
except SettingsError as error:
    sys.stderr.write(f"{error}\n")
    raise SystemExit(2) from None
