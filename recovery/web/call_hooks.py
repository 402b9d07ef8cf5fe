"""The calls' door: what the telephone provider tells us of a call, and what it asks us to say and do on one.

Signed as every webhook is; nothing is written before. Scripts are built by the provider's own library, which escapes.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from twilio.twiml.voice_response import VoiceResponse

from recovery.bootstrap import CALL_HOOK
from recovery.domain.permissions import Permission
from recovery.domain.phone_calls import KEY_SECONDS, RING_SECONDS, Dial, Script
from recovery.edge import components, needs
from recovery.services.session import DeskSession
from recovery.services.telephony import answering, progress
from recovery.services.telephony.progress import Told
from recovery.sms.telephone import ANSWERER, CONNECTION, DIALLED, FAR, hook_address
from recovery.web.hooks import field, refuse, refuse_strangers

blueprint = Blueprint("call_hooks", __name__, url_prefix=CALL_HOOK)
blueprint.before_request(refuse_strangers)

Heard = TypeVar("Heard")

VOICES = {"en": "en-GB", "es": "es-ES", "fr": "fr-FR"}
PROGRESS = "initiated ringing answered completed"
UNNAMED = "A word about a call comes with CallSid, and this came without."


@blueprint.post("")
@needs(Permission.PUBLIC)
def near() -> ResponseReturnValue:
    _hear(progress.hear_near, _told("CallStatus", "CallDuration"))
    return "", HTTPStatus.NO_CONTENT


@blueprint.post("/customer")
@needs(Permission.PUBLIC)
def far() -> ResponseReturnValue:
    _hear(progress.hear_far, _told("CallStatus", "CallDuration"))
    return "", HTTPStatus.NO_CONTENT


@blueprint.post("/answerer")
@needs(Permission.PUBLIC)
def answerer() -> ResponseReturnValue:
    _hear(progress.hear_answerer, _told("CallStatus", "CallDuration"))
    return "", HTTPStatus.NO_CONTENT


@blueprint.post("/script")
@needs(Permission.PUBLIC)
def script() -> ResponseReturnValue:
    return _spoken(_hear(progress.script, _told("CallStatus", "CallDuration")))


@blueprint.post("/connection")
@needs(Permission.PUBLIC)
def connection() -> ResponseReturnValue:
    return _spoken(_hear(progress.connection, _told("CallStatus", "CallDuration")))


@blueprint.post("/dialled")
@needs(Permission.PUBLIC)
def dialled() -> ResponseReturnValue:
    return _spoken(_hear(progress.dialled, _told("DialCallStatus", "DialCallDuration")))


@blueprint.post("/inbound")
@needs(Permission.PUBLIC)
def inbound() -> ResponseReturnValue:
    """Somebody calls one of our numbers."""
    told, desk = _told("CallStatus", "CallDuration"), components()

    def work(session: DeskSession) -> tuple[Script, str]:
        caller, called, now = field("From"), field("To"), desk.clock.now()
        return answering.answer(session, provider_sid=told.provider_sid, caller=caller, called=called, now=now)

    return _spoken(*desk.transact(work))


def _hear(service: Callable[..., Heard], told: Told) -> Heard:
    desk = components()

    def work(session: DeskSession) -> Heard:
        return service(session, told, now=desk.clock.now())

    return desk.transact(work)


def _told(status: str, seconds: str) -> Told:
    """Raises Forbidden for what names no call."""
    if not field("CallSid"):
        refuse(UNNAMED)
    return Told(
        provider_sid=field("CallSid"),
        status=field(status).lower(),
        ref=request.args.get("ref"),
        seconds=field(seconds),
        code=field("SipResponseCode"),
        whole=field("CallStatus").lower(),
        answered_by=field("AnsweredBy"),
    )


def _spoken(script: Script, ref: str | None = None) -> Response:
    """`ref` of the call, where the address that was asked does not name it."""
    ref = request.args.get("ref", "") if ref is None else ref
    response = VoiceResponse()
    voice = {"language": VOICES.get(script.language, VOICES["en"])}
    if script.asks_key:
        asking = response.gather(num_digits=1, timeout=KEY_SECONDS, action=_address(CONNECTION, ref), method="POST")
        asking.say(script.words, **voice)
    elif script.words:
        response.say(script.words, **voice)
    if script.dial is not None:
        _dial(response, script.dial, ref)
    else:
        response.hangup()
    return Response(str(response), mimetype="text/xml")


def _dial(response: VoiceResponse, dial: Dial, ref: str) -> None:
    shown = {"caller_id": dial.caller_id} if dial.caller_id else {}
    line = response.dial(
        action=_address(DIALLED, ref), method="POST", timeout=RING_SECONDS, answer_on_bridge=True, **shown
    )
    machines = (
        {"machine_detection": "Enable", "amd_status_callback": _address(ANSWERER, ref)} if dial.finds_machines else {}
    )
    line.number(
        dial.number,
        status_callback=_address(FAR, ref),
        status_callback_event=PROGRESS,
        status_callback_method="POST",
        **machines,
    )


def _address(step: str, ref: str) -> str:
    """Of the same call; the provider signs what it calls then, as it stands here."""
    return hook_address(f"{components().house.public_url}{CALL_HOOK}", step, ref)
