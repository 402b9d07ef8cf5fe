"""What the provider refuses of a form, with its code and words; and an answer as it goes over the wire."""

import re

_E164 = re.compile(r"\+\d{7,15}")


def problem(form: dict[str, str]) -> tuple[int, str] | None:
    if not form.get("Body"):
        return 21602, "Message body is required."
    if len(form["Body"]) > 1600:
        return 21617, "The concatenated message body exceeds the 1600 character limit"
    if not _E164.fullmatch(form.get("To", "")):
        return 21211, "The 'To' number is not a valid phone number."
    if ("From" in form) == ("MessagingServiceSid" in form):
        return 21603, "A 'From' phone number is required."
    return None


def problem_of_call(form: dict[str, str]) -> tuple[int, str] | None:
    if not _E164.fullmatch(form.get("To", "")):
        return 21211, "The 'To' number is not a valid phone number."
    if not _E164.fullmatch(form.get("From", "")):
        return 21212, "The 'From' number is not a valid phone number or a valid client identifier."
    if not form.get("Url"):
        return 21205, "Url parameter is required."
    return None


def response(status: int, body: bytes, content_type: str, **headers: str) -> bytes:
    """Head and body in one piece: two writes would wait for one another on the wire."""
    lines = [
        f"HTTP/1.1 {status} -",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
