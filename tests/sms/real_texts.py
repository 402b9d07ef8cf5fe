"""Real texts in five settings: prints them for the README, and gives the tests something lifelike to render.

python tests/sms/real_texts.py
"""

import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from recovery.sms.texts import Text, Texts

TEMPLATES = Path(__file__).resolve().parents[2] / "recovery" / "templates" / "sms"
LINK = "https://desk.example.com/c/7Kq2mW9xT4vB8nR3pL6sZ1yD5hJ0cF"

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "café": {
        "name": "Sam",
        "staff": "Maya",
        "site": "Harbour St Café",
        "remedies": "a fresh flat white and a refund of £4.50",
        "promise": "in about 6 minutes",
        "when": "today at 16:30",
        "reference": "RD-7K3M9Q",
        "choices": "1 late (RD-7K3M9Q), 2 wrong order (RD-8VW3XN)",
        "failure": "we got your order wrong",
        "words": "I've kept a table by the window for you, and the cake is on us.",
        "alert": "a customer has waited 4 minutes past our promise",
    },
    "hotel": {
        "name": "Noor",
        "staff": "Omar",
        "site": "Hotel Miramar",
        "remedies": "a sea-view room tonight and a breakfast",
        "promise": "by 21:15",
        "when": "tomorrow at 10:00",
        "reference": "RD-4PX81D",
        "choices": "1 late (RD-4PX81D), 2 wrong order (RD-8VW3XN)",
        "failure": "you did not get what you had booked",
        "words": "Your bags are already upstairs. The key is with me at the front desk.",
        "alert": "an approval is past its deadline",
    },
    "support desk": {
        "name": "Lee",
        "staff": "Ada",
        "site": "Northline Support",
        "remedies": "a replacement router",
        "promise": "by 14:32",
        "when": "in about 2 minutes",
        "reference": "RD-9ZB2KT",
        "choices": "1 late (RD-9ZB2KT), 2 wrong order (RD-8VW3XN)",
        "failure": "our call with you was cut off",
        "words": "The courier has your parcel; it should be with you before noon.",
        "alert": "a callback was not made in time",
    },
    "bakery": {
        "name": "",
        "staff": "Maya",
        "site": "Old Mill Bakery",
        "remedies": "a fresh loaf and a voucher of £5.00",
        "promise": "by 09:15 tomorrow",
        "when": "as soon as someone is free",
        "reference": "RD-2HD6WC",
        "choices": "1 late (RD-2HD6WC), 2 wrong order (RD-8VW3XN)",
        "failure": "we kept you waiting",
        "words": "We found your order: it was under another name. It's waiting on the counter.",
        "alert": "a reply has not been read for 10 minutes",
    },
    "garage": {
        "name": "Noor",
        "staff": "Omar",
        "site": "Kwik Garage",
        "remedies": "a courtesy car and a refund of £120.00",
        "promise": "by Tue 09:15",
        "when": "on Tue 9 Jun at 09:15",
        "reference": "RD-5TR7NA",
        "choices": "1 late (RD-5TR7NA), 2 wrong order (RD-8VW3XN)",
        "failure": "we charged you too much",
        "words": "The part arrived. Your car will be ready at five.",
        "alert": "a text did not arrive; please call the customer",
    },
}


def real_texts(texts: Texts) -> dict[tuple[str, str], Text]:
    """Every template in every setting, by (setting, template)."""
    return {
        (setting, template): texts.render(template, {"link": LINK, **values})
        for setting, values in SETTINGS.items()
        for template in texts.names()
    }


# What the README shows: a story in each place, not all of them everywhere.
SHOWN: Mapping[str, tuple[str, ...]] = {
    "café": ("logged", "ready"),
    "hotel": ("logged_waiting", "approval_granted"),
    "support desk": ("callback_booked", "disconnected"),
    "bakery": ("late", "resolved"),
    "garage": ("callback_reminder", "reopened"),
}


def as_markdown() -> str:
    """What the README shows."""
    written = real_texts(Texts(TEMPLATES))
    return "\n".join(
        f"**{setting.capitalize()}**\n\n"
        + "".join(f"> {written[setting, name].body}\n\n" for name in names).rstrip("\n")
        + "\n"
        for setting, names in SHOWN.items()
    )


if __name__ == "__main__":
    print(as_markdown())
