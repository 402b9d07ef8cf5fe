"""The machines' doors: what the texting provider tells us. Nothing is written before the signature is right."""

from http import HTTPStatus
from typing import NoReturn
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from recovery.domain.errors import Forbidden
from recovery.domain.messages import Keyword
from recovery.domain.permissions import Permission
from recovery.domain.photos import MOST, Media
from recovery.edge import components, needs
from recovery.services.hearing.door import let_in
from recovery.services.sending import receipts
from recovery.services.sending.receipts import Told
from recovery.services.texting.replies import Inbound
from recovery.sms.signatures import genuine
from recovery.web.refusals import refusals

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks/twilio")

LONGEST_BODY = 64 * 1024
"""Bytes: a text has 1600 characters, and its webhook some twenty short fields beside."""
SIGNATURE = "X-Twilio-Signature"
UNSIGNED = (
    "This is not signed by our account for this address: PUBLIC_URL, TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN have to be "
    "those that the provider knows, and a proxy in front has to leave path and query as they came."
)
HEARD = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}
"""What the provider says that it has answered."""
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

log = structlog.get_logger(__name__)


@blueprint.before_request
def refuse_strangers() -> None:
    """What was refused is counted where the admin sees it: webhooks that are lost in silence are the worst outcome.

    Only a POST can tell us anything; whoever asks what the door takes is told, and is no stranger.
    """
    if request.method != "POST":
        return
    if (request.content_length or 0) > LONGEST_BODY:
        abort(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A text or a receipt is at most {LONGEST_BODY // 1024} KB long.")
    if not _is_genuine():
        refuse(UNSIGNED)


@blueprint.post("/messages")
@needs(Permission.PUBLIC)
def receive_text() -> ResponseReturnValue:
    """Answers nothing by itself: every reply leaves through the outbox."""
    inbound = Inbound(
        from_number=field("From"),
        to=field("To"),
        body=field("Body"),
        provider_sid=field("MessageSid"),
        provider_has_answered=bool(field("OptOutType")),
        service=field("MessagingServiceSid"),
        provider_heard=HEARD.get(field("OptOutType").upper()),
        media=_media(),
    )
    if not inbound.from_number or not inbound.provider_sid:
        refuse("A text comes with From and MessageSid, and this came without.")
    desk = components()
    let_in(desk, inbound, now=desk.clock.now())
    return Response(EMPTY, mimetype="text/xml")


@blueprint.post("/status")
@needs(Permission.PUBLIC)
def receive_status() -> ResponseReturnValue:
    told = Told(
        provider_sid=field("MessageSid"),
        status=field("MessageStatus").lower(),
        error_code=field("ErrorCode"),
        ref=request.args.get("ref"),
        error_words=field("ErrorMessage"),
    )
    if not told.provider_sid or not told.status:
        refuse("A receipt comes with MessageSid and MessageStatus, and this came without.")
    desk = components()
    desk.transact(lambda session: receipts.take(session, told, now=desk.clock.now()))
    return "", HTTPStatus.NO_CONTENT


def _is_genuine() -> bool:
    """Never raises: whatever a stranger sends is refused, not answered by an error of ours."""
    settings = components().settings
    try:
        return request.form.get("AccountSid") == settings.twilio_account_sid and genuine(
            _address(settings.public_url),
            request.form,
            request.headers.get(SIGNATURE),
            settings.twilio_auth_tokens,
            content_type=request.content_type,
        )
    except Exception as problem:  # noqa: BLE001 - see above
        log.warning("hooks:unreadable", why=type(problem).__name__)
        return False


def _address(public_url: str) -> str:
    """As the provider called it: our public address, and path and query exactly as they came (gunicorn keeps them)."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    path = urlsplit(raw)._replace(scheme="", netloc="", fragment="").geturl()
    public = urlsplit(public_url)
    if public.path and path.startswith(f"{public.path}/"):
        public = public._replace(path="")
    return public.geturl().rstrip("/") + path


def field(name: str) -> str:
    """Trimmed and without NUL, which fits into no database; a body as it came, since where it is kept it is cleaned."""
    return request.form.get(name, "").replace("\0", "").strip() if name != "Body" else request.form.get(name, "")


def _media() -> tuple[Media, ...]:
    """Numbered from 0 without a gap; the count beside them tells nothing more."""
    urls = (field(f"MediaUrl{number}") for number in range(MOST))
    kinds = (field(f"MediaContentType{number}") for number in range(MOST))
    return tuple(Media(url, kind) for url, kind in zip(urls, kinds, strict=True) if url)


def refuse(sentence: str) -> NoReturn:
    """Raises Forbidden."""
    refusals().add()
    log.warning("hooks:refused", endpoint=request.endpoint)
    raise Forbidden(sentence)
