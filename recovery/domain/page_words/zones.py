"""What the customer's page says where they choose the zone of its times: each language fills all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from recovery.domain.languages import Language


@dataclass(frozen=True, slots=True)
class ZoneWords:
    other: str
    title: str
    why: str
    label: str
    likely: str
    areas: Mapping[str, str]
    """By what stands first in the name of a zone."""
    choose: str
    nonsense: str
    chosen: str


ENGLISH = ZoneWords(
    other="Other time zone",
    title="Where are you?",
    why="We tell you every time by your own clock, here and in our texts, and do not text you at night there.",
    label="Your time zone",
    likely="Perhaps yours, with the time there now",
    areas={
        "Africa": "Africa",
        "America": "America",
        "Antarctica": "Antarctica",
        "Arctic": "Arctic",
        "Asia": "Asia",
        "Atlantic": "Atlantic",
        "Australia": "Australia",
        "Europe": "Europe",
        "Indian": "Indian Ocean",
        "Pacific": "Pacific",
    },
    choose="Use this time zone",
    nonsense="Choose one of the time zones in the list.",
    chosen="From now on, times are those of {zone}.",
)
SPANISH = ZoneWords(
    other="Otra zona horaria",
    title="¿Dónde está usted?",
    why="Le damos todas las horas según su reloj, aquí y en nuestros mensajes, y no le escribimos cuando allí es de noche.",
    label="Su zona horaria",
    likely="Quizá la suya, con la hora que es allí",
    areas={
        "Africa": "África",
        "America": "América",
        "Antarctica": "Antártida",
        "Arctic": "Ártico",
        "Asia": "Asia",
        "Atlantic": "Atlántico",
        "Australia": "Australia",
        "Europe": "Europa",
        "Indian": "Océano Índico",
        "Pacific": "Pacífico",
    },
    choose="Usar esta zona horaria",
    nonsense="Elija una de las zonas horarias de la lista.",
    chosen="Desde ahora, las horas son las de {zone}.",
)
FRENCH = ZoneWords(
    other="Autre fuseau horaire",
    title="Où êtes-vous ?",
    why="Nous vous disons chaque heure selon votre horloge, ici et dans nos messages, et ne vous écrivons pas la nuit, là-bas.",
    label="Votre fuseau horaire",
    likely="Peut-être le vôtre, avec l’heure qu’il y est",
    areas={
        "Africa": "Afrique",
        "America": "Amérique",
        "Antarctica": "Antarctique",
        "Arctic": "Arctique",
        "Asia": "Asie",
        "Atlantic": "Atlantique",
        "Australia": "Australie",
        "Europe": "Europe",
        "Indian": "Océan Indien",
        "Pacific": "Pacifique",
    },
    choose="Utiliser ce fuseau horaire",
    nonsense="Choisissez un des fuseaux horaires de la liste.",
    chosen="Désormais, les heures sont celles de {zone}.",
)
ZONE_WORDS: Mapping[Language, ZoneWords] = MappingProxyType(
    {
        Language.ENGLISH: ENGLISH,
        Language.SPANISH: SPANISH,
        Language.FRENCH: FRENCH,
    }
)
