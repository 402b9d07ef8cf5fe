from collections.abc import Mapping
from types import MappingProxyType

from recovery.domain.languages import Language
from recovery.domain.page_words.english import ENGLISH
from recovery.domain.page_words.french import FRENCH
from recovery.domain.page_words.parts import CustomerWords
from recovery.domain.page_words.spanish import SPANISH

PAGE_WORDS: Mapping[Language, CustomerWords] = MappingProxyType(
    {Language.ENGLISH: ENGLISH, Language.SPANISH: SPANISH, Language.FRENCH: FRENCH}
)
