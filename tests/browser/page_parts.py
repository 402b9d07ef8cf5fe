"""A few bare pages over the real templates and scripts, served on loopback: what the design promises, without the business behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

from flask import Flask, Response, render_template_string, request
from werkzeug.serving import make_server

RECOVERY = Path(__file__).parents[2] / "recovery"
DUE = datetime(2026, 5, 12, 13, 26, tzinfo=UTC)

TIMES = """{% extends "base.html" %}{% from "components/time.html" import time_block %}
{% block main %}<h1>Times</h1>
{% for seconds in offsets %}{{ time_block(due, due + seconds, warn=due - warning, told="told 14:26", kind=kind) }}{% endfor %}{% endblock %}"""

REPLY = """{% extends "base.html" %}{% from "components/forms.html" import csrf, text_field %}
{% block scripts %}<script type="module" src="{{ url_for('static', filename='js/segments.js') }}"></script>{% endblock %}
{% block main %}<h1>Reply</h1><form method="post">{{ csrf() }}{{ text_field("Reply", "reply", segments=true, around={"after": " - Maya.", "folds": "yes"}) }}
<button type="submit" class="button">Send</button></form>{% endblock %}"""

LIST = """{% extends "base.html" %}
{% block scripts %}<script type="module" src="{{ url_for('static', filename='js/poll.js') }}"></script>{% endblock %}
{% block main %}<h1>List</h1><div id="list" data-poll="/rows" data-poll-seconds="0.2" data-updated="updated">
<p data-key="a"><a href="#a">Sam</a></p></div><p class="updated" id="updated"></p>{% endblock %}"""


def parts() -> Flask:
    app = Flask("parts", template_folder=str(RECOVERY / "templates"), static_folder=str(RECOVERY / "static"))
    app.jinja_env.globals.update(csrf_token=lambda: "token", get_flashed_messages=lambda **_: [])
    app.extensions["posts"] = []
    app.extensions["rows"] = ['<p data-key="a"><a href="#a">Sam</a></p>']
    app.extensions["answers"] = 200

    @app.get("/times")
    def times() -> str:
        offsets = [timedelta(seconds=int(each)) for each in request.args["at"].split(",")]
        kind = request.args.get("kind", "promise")
        now_iso = (DUE + offsets[0]).strftime("%Y-%m-%dT%H:%M:%SZ")
        return render_template_string(
            TIMES, due=DUE, offsets=offsets, warning=timedelta(minutes=5), kind=kind, now_iso=now_iso
        )

    @app.route("/reply", methods=["GET", "POST"])
    def reply() -> str | Response:
        if request.method == "GET":
            return render_template_string(REPLY)
        app.extensions["posts"].append(request.form["reply"])
        return Response(status=204)  # the page stays, so that a second tap is possible

    @app.get("/list")
    def rows_page() -> str:
        return render_template_string(LIST)

    @app.get("/rows")
    def rows() -> Response:
        return Response("".join(app.extensions["rows"]), status=app.extensions["answers"])

    return app


@contextmanager
def served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
