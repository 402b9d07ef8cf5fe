"""What the provider serves at the address of a photo."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Served:
    content: bytes = b""
    status: int = 200
    location: str = ""
    seconds_per_byte: float = 0.0
    lies_about_length: int | None = None
    says_no_length: bool = False
