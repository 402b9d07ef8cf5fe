"""Words that ask us to stop texting, in whole sentences. The provider acts on bare keywords alone, and so do we; but "please
stop texting me" counts in law, so that a person is told of it at once.

A wrong guess costs a person one look; so the patterns are generous, and never opt anybody out by themselves.
"""

import re
import unicodedata

REFUSAL = "refusal"
"""What such a text is understood as."""
_TEXTS = r"(?:texts?|texting|messages?|messaging|sms|notifications?)"
_DO_NOT_WISH = r"\b(?:do\s*not|don'?t|dont|no\s+longer)\s+(?:want|wish)\s+to"
_ENGLISH = (
    r"\b(?:stop|quit|cease)\s+(?:texting|messaging|contacting|bothering|spamming|writing)\b",
    rf"\b(?:stop|quit)\s+(?:sending|with)\s+(?:\w+\s+){{0,3}}{_TEXTS}\b",
    rf"\bstop\s+(?:the|these|all|your|those)\s+(?:\w+\s+)?{_TEXTS}\b",
    r"\b(?:do\s*not|don'?t|dont|never)\s+(?:ever\s+)?(?:text|message|contact|write|sms)\b",
    rf"\b(?:do\s*not|don'?t|dont)\s+(?:send|want)\s+(?:\w+\s+){{0,3}}{_TEXTS}\b",
    rf"{_DO_NOT_WISH}\s+(?:get|receive|have)\s+(?:\w+\s+){{0,4}}{_TEXTS}\b",
    rf"{_DO_NOT_WISH}\s+be\s+(?:texted|messaged|contacted)\b",
    rf"\bno\s+more\s+(?:\w+\s+)?{_TEXTS}\b",
    rf"^\W*stop\s+(?:{_TEXTS}|msgs?)\b",
    r"^\W*stop\s*[,.;:!]\W*\w",
    r"\bleave\s+(?:me|us)\s+alone\b",
    r"\b(?:take|get)\s+(?:me|us|my\s+number)\s+off\b",
    r"\b(?:remove|delete|lose|forget)\s+(?:me|my\s+(?:phone\s+)?number)\b",
    r"\b(?:unsubscribe|opt)\s+me\b",
    r"\b(?:i\s+want\s+to|please|let\s+me)\s+(?:unsubscribe|opt\s*out)\b",
    r"\buns\w{1,3}cribe\b",
)
_SPANISH = (
    r"\bdej(?:en|e|a|ad)\s+de\s+(?:escribir|enviar|mandar|molestar|contactar|textear)",
    r"\bno\s+(?:me\s+|nos\s+)?(?:escrib|envi|mand|molest|contact)\w*\s+(?:\w+\s+){0,2}mas\b",
    r"\bno\s+(?:mas|quiero(?:\s+mas)?)\s+(?:mensajes|sms|textos)\b",
    r"\bno\s+quiero\s+(?:seguir\s+)?recib\w+\s+(?:\w+\s+){0,3}(?:mensajes|sms|textos)\b",
    r"\bno\s+quiero\s+que\s+(?:me|nos)\s+(?:escrib|envi|mand|molest|contact)\w*",
    r"\bno\s+(?:me|nos)\s+(?:envi|mand)\w*\s+(?:\w+\s+){0,2}(?:mensajes|sms|textos)\b",
    r"\b(?:basta|paren|pare)\s+(?:ya\s+)?(?:de\s+)?(?:mensajes|mandar|enviar|escribir|sms)\b",
    r"\b(?:quiten?me|quiten\s+mi\s+numero|borren?(?:me|\s+mi\s+numero)|eliminen?(?:me|\s+mi\s+numero))\b",
    r"\bno\s+(?:me|nos)\s+(?:escrib(?:an?|as)|contact(?:en?|es)|molest(?:en?|es))\b",
    r"\bno\s+(?:me|nos)\s+(?:envi|mand)(?:en?|es)\s+nada\b",
    r"\bborr(?:a|e|en)(?:me|\s+mi\s+numero)\b",
    r"\bcancel\w+\s+(?:la\s+|mi\s+)?su(?:b)?scripcion\b",
    r"\b(?:den|dar|de)(?:me)?\s+de\s+baja\b",
    r"\bdejen?me\s+en\s+paz\b",
)
_FRENCH = (
    r"\barret(?:ez|e|er)\s+(?:de\s+)?(?:me\s+|m'|nous\s+)?(?:envoyer|ecrire|contacter|texter|harceler|deranger)",
    r"\barret(?:ez|e|er)\s+(?:avec\s+)?(?:vos|les|ces|tous\s+ces)\s+(?:messages|sms|textos)\b",
    r"\bne\s+(?:me\s+|m'|nous\s+)(?:ecri|envo|contact|text|derang)\w*\s+plus\b",
    r"\bplus\s+de\s+(?:messages|sms|textos)\b",
    r"\bplus\s+recevoir\s+(?:\w+\s+){0,3}(?:messages|sms|textos)\b",
    r"\bn'(?:envoy|ecriv)\w*\s+plus\b",
    r"\bstop\s+(?:aux|les)\s+(?:messages|sms|textos)\b",
    r"^\W*stop\s+(?:pub|au\s+\d+)\b",
    r"\bcess(?:ez|e|er)\s+(?:de\s+)?(?:me\s+|m'|nous\s+)?(?:envoyer|ecrire|contacter|texter|harceler|deranger)",
    r"\bne\s+plus\s+(?:etre|me|nous)\s+(?:contact|ecri|texte|derang)\w+",
    r"\bne\s+(?:veux|souhaite|voulons)\s+(?:pas|plus)\s+(?:de\s+)?(?:vos\s+)?(?:messages?|sms|textos?)\b",
    r"\b(?:laissez|fichez|foutez)[\s-]moi\s+(?:tranquille|la\s+paix)\b",
    r"\b(?:retirez|supprimez|enlevez|effacez)(?:[\s-]moi|\s+mon\s+numero)\b",
    r"\b(?:desinscri|desabonn)\w+",
)
_ASKED_NICELY = r"(?:please|pls|plz|ok|okay|just|por favor|favor de|s'il vous plait|svp|stp)"
_BARE = (
    r"(?:stop|unsubscribe|opt[\s-]?out|desuscribir|alto|basta|para|pare|parar|paren|detener|baja"
    r"|arret|arrete|arretez|arreter|desinscription|no\s+mas|no\s+more)"
)
_AFTER = rf"(?:{_ASKED_NICELY}|it|this|that|now|already|thanks|thank you|gracias|merci|ya|tout|sms|{_BARE})"
_NOTHING_ELSE = rf"^\W*(?:{_ASKED_NICELY}\W+)*{_BARE}(?:\W+{_AFTER})*\W*$"
"""Not quite the bare keyword, or the one of another language, and nothing beside it that they might mean instead."""
_REFUSALS = re.compile("|".join((*_ENGLISH, *_SPANISH, *_FRENCH, _NOTHING_ELSE)))


def asks_to_stop(words: str) -> bool:
    return _REFUSALS.search(_plain(words)) is not None


def _plain(words: str) -> str:
    """Small letters without accents, one kind of apostrophe, one space at a time."""
    apart = unicodedata.normalize("NFKD", words.casefold().replace("’", "'"))
    return " ".join("".join(letter for letter in apart if not unicodedata.combining(letter)).split())
