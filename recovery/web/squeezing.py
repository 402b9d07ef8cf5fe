"""Style sheets, scripts and icons go out compressed; pages do not: what is secret in them could be guessed by its length."""

import gzip
from functools import lru_cache
from http import HTTPStatus

from flask import Flask, Response, request

SQUEEZED = frozenset({"text/css", "text/javascript", "application/javascript", "image/svg+xml"})
WORTH_IT = 1024
"""Bytes: below that the headers weigh more than what is saved."""


def install(app: Flask) -> None:
    app.after_request(_squeeze)


def _squeeze(response: Response) -> Response:
    if request.endpoint != "static" or response.mimetype not in SQUEEZED:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code != HTTPStatus.OK or not request.accept_encodings.quality("gzip"):
        return response
    response.direct_passthrough = False
    whole = response.get_data()
    if len(whole) < WORTH_IT:
        return response
    etag, _ = response.get_etag()
    response.set_data(_squeezed(whole))
    response.headers["Content-Encoding"] = "gzip"
    if etag:
        response.set_etag(etag, weak=True)  # the same file in another coat
    return response


@lru_cache(maxsize=128)
def _squeezed(whole: bytes) -> bytes:
    return gzip.compress(whole, compresslevel=9, mtime=0)
