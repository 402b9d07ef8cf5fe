import gzip
from pathlib import Path

from tests.factories import Business
from tests.web.pages import Visitor


def test_scripts_and_styles_go_out_squeezed_and_are_asked_for_once(business: Business) -> None:
    client = Visitor.at(business).client
    address = f"/static/{_largest(Path(client.application.static_folder or ''))}"
    plain = client.get(address, buffered=True)
    squeezed = client.get(address, headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in squeezed.headers["Vary"]
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(squeezed.data) == plain.data
    assert len(squeezed.data) < len(plain.data) / 2
    again = client.get(
        address, headers={"Accept-Encoding": "gzip", "If-None-Match": squeezed.headers["ETag"]}, buffered=True
    )
    assert again.status_code == 304


def test_pages_are_not_squeezed(business: Business) -> None:
    answer = Visitor.at(business).client.get("/sign-in", headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert answer.status_code == 200
    assert "Sign in" in answer.text
    assert "Content-Encoding" not in answer.headers


def _largest(folder: Path) -> str:
    script = max(folder.rglob("*.js"), key=lambda path: path.stat().st_size)
    return script.relative_to(folder).as_posix()
