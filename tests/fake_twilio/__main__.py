"""The fake provider as a process: `python tests/fake_twilio --port 18100`. It prints its address and runs till SIGTERM.

GET /_accepted       every accepted text, in order: at, to, from_, service, body, ref, sid, status
GET /_requests       how often sending was asked for, and the statuses of our answers to its webhooks
POST /_faults        {"queue": [{"kind": "hang", "seconds": 30}], "always": …, "mix": [[fault, weight]…], "clear": true}
POST /_hooks         {"lifecycle": ["sent", "delivered"], "shuffled": true, "repeated": 3, "deliver_to": "http://127.0.0.1:8000"}
POST /_receipt       {"sid": "SM…", "status": "undelivered", "error_code": 30005}
POST /_inbound       {"url": "https://…/hooks/twilio/messages", "from": "+44…", "to": "+44…", "body": "1"}
POST /_listing       {"delay": 5}
"""

import argparse
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fake_twilio.server import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio


def main() -> None:
    parser = argparse.ArgumentParser(description="A texting provider for tests, on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--account-sid", default=ACCOUNT_SID)
    parser.add_argument("--auth-token", default=AUTH_TOKEN)
    told = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with FakeTwilio(told.port, account_sid=told.account_sid, auth_token=told.auth_token) as twilio:
        print(twilio.url, flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
