"""The languages that customers are spoken to in."""

from enum import StrEnum


class Language(StrEnum):
    ENGLISH = "en"
    SPANISH = "es"
    FRENCH = "fr"

    @property
    def label(self) -> str:
        """As its own speakers call it: whoever looks for it may read no other."""
        return {Language.ENGLISH: "English", Language.SPANISH: "Español", Language.FRENCH: "Français"}[self]


LANGUAGES = tuple(language.value for language in Language)


def chosen_language(*wishes: str | None) -> Language:
    """The first of them that we speak, `es-MX` as `es`; English where there is none."""
    for wish in wishes:
        code = (wish or "").replace("_", "-").partition("-")[0].lower()
        if code in LANGUAGES:
            return Language(code)
    return Language.ENGLISH
