"""The pages."""

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFError, CSRFProtect

from recovery.web import (
    admin,
    admin_days,
    admin_sites,
    admin_staff,
    admin_targets,
    admin_texts,
    approval_link,
    approvals,
    audit,
    board,
    call_hooks,
    calls,
    customer,
    desk,
    handover,
    hearing,
    hooks,
    log,
    me,
    photos,
    remedies,
    reports,
    rota,
    sign_in,
    simulated_calls,
    simulator,
    squeezing,
    tasks,
    team,
    texting,
    tickets,
    undetected,
    waiting,
)
from recovery.web.held import offer_again
from recovery.web.refusals import Refusals
from recovery.web.session import IDLE_END, SignedOut, guard
from recovery.web.shell import page_values
from recovery.web.throttle import Throttle

BLUEPRINTS = (
    sign_in.blueprint,
    desk.blueprint,
    log.blueprint,
    tickets.blueprint,
    remedies.blueprint,
    calls.blueprint,
    photos.blueprint,
    hearing.blueprint,
    approvals.blueprint,
    approval_link.blueprint,
    board.blueprint,
    undetected.blueprint,
    tasks.blueprint,
    waiting.blueprint,
    handover.blueprint,
    customer.blueprint,
    reports.blueprint,
    audit.blueprint,
    team.blueprint,
    rota.blueprint,
    me.blueprint,
    admin.blueprint,
    admin_sites.blueprint,
    admin_days.blueprint,
    admin_targets.blueprint,
    admin_staff.blueprint,
    texting.blueprint,
    admin_texts.blueprint,
    hooks.blueprint,
    call_hooks.blueprint,
)


def install(app: Flask) -> None:
    """Each family of pages adds its line above."""
    app.config.update(
        SESSION_COOKIE_NAME="recovery",
        PERMANENT_SESSION_LIFETIME=IDLE_END,
        SESSION_REFRESH_EACH_REQUEST=False,  # `guard` moves the stamp: a poll must not keep a session alive
        WTF_CSRF_TIME_LIMIT=None,  # a form may lie open over lunch
        WTF_CSRF_CHECK_DEFAULT=False,  # `guard` checks pages; API and hooks have their own authority
    )
    CSRFProtect(app)
    app.extensions["throttle"] = Throttle()
    app.extensions["refusals"] = Refusals(app.extensions["desk"])
    blueprints = [*BLUEPRINTS, *_simulated(app)]
    app.extensions["pages"] = frozenset(blueprint.name for blueprint in blueprints)
    app.before_request(guard)
    app.register_error_handler(SignedOut, sign_in.hold_at_the_door)
    app.register_error_handler(CSRFError, offer_again)
    app.context_processor(page_values)
    squeezing.install(app)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)


def _simulated(app: Flask) -> list[Blueprint]:
    """The simulated phones hold everybody's texts and links: on loopback alone, and never beside a real gateway."""
    settings = app.extensions["desk"].settings
    here = settings.sms_gateway == "simulator" and settings.public_url_is_loopback
    return [simulator.blueprint, simulated_calls.blueprint] if here else []
