import sys

from sqlalchemy.exc import DBAPIError

from config import logging
from config.settings import Settings, SettingsError
from recovery.app import create_app
from recovery.bootstrap import build
from recovery.domain.errors import Refused
from recovery.services.demo.standing import refuse_demo_beside_real_texts

try:
    settings = Settings.from_env()
except SettingsError as error:
    sys.stderr.write(f"{error}\n")
    raise SystemExit(2) from None

logging.configure(settings.log_format)
components = build(settings)
try:
    with components.read() as session:
        refuse_demo_beside_real_texts(session, real_gateway=settings.sms_gateway != "simulator")
except Refused as refusal:
    sys.stderr.write(f"{refusal.detail}\n")
    raise SystemExit(1) from None
except DBAPIError:
    pass  # away, or not migrated: /readyz says so, and the pages answer 503 until it is there
app = create_app(settings, components)
