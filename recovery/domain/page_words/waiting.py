"""What the customer's page says to who waits for a free colleague."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from recovery.domain.languages import Language
from recovery.domain.waits import WaitAnswer


@dataclass(frozen=True, slots=True)
class WaitWords:
    you_wait: str
    place: str
    """Stands before the large number of their place."""
    turn: str
    """`when` is "in about 10 minutes"."""
    latest: str
    latest_here: str
    """In its place, to whom no text goes."""
    called: str
    now: str
    """Large, where it is their turn."""
    come_until: str
    coming: str
    later: str
    """Before the large clock."""
    keeps: str
    missed: str
    front: str
    """Large, for who may come back to the front."""
    front_until: str
    helped: str
    gone: str
    out: str
    """In its place, to who has not told us that they are not coming."""
    broken: str
    """Our promise is: a person has been told."""
    ask: str
    answers: Mapping[WaitAnswer, str]


WAIT_WORDS: Mapping[Language, WaitWords] = MappingProxyType(
    {
        Language.ENGLISH: WaitWords(
            you_wait="You are in line at {site}.",
            place="Your place in line",
            turn="It is your turn {when}.",
            latest="You hear from us by {clock} at the latest. Walk around if you like: we text you.",
            latest_here="You hear from us by {clock} at the latest. No text of ours reaches you: please stay nearby, and we call your name.",
            called="We are ready for you",
            now="Now",
            come_until="We keep it free for you until {clock}.",
            coming="See you in a moment",
            later="You have until",
            keeps="The next one goes first, and you keep your place.",
            missed="We were ready for you and did not see you. Come when you can: you are",
            front="First",
            front_until="We keep that place for you until {clock}.",
            helped="Thank you for waiting.",
            gone="Thank you for telling us. You are out of the line, and there is nothing more to do.",
            out="You are not in our line any more. If you still need us, come in or write to us below: a person reads it.",
            broken="It takes longer than we promised, and we are sorry. Somebody here has been told.",
            ask="Tell us",
            answers={
                WaitAnswer.COMING: "I am on my way",
                WaitAnswer.LATER: "Ten more minutes",
                WaitAnswer.NOT_COMING: "I am not coming",
            },
        ),
        Language.SPANISH: WaitWords(
            you_wait="Está en la cola de {site}.",
            place="Su lugar en la cola",
            turn="Será su turno {when}.",
            latest="Tendrá noticias nuestras a las {clock} como muy tarde. Pasee si quiere: le avisamos por mensaje.",
            latest_here="Tendrá noticias nuestras a las {clock} como muy tarde. No le llegan nuestros mensajes: quédese cerca, y le llamamos por su nombre.",
            called="Ya le esperamos",
            now="Ahora",
            come_until="Le guardamos el turno hasta las {clock}.",
            coming="Hasta ahora mismo",
            later="Tiene hasta las",
            keeps="Pasa antes la siguiente persona, y usted conserva su lugar.",
            missed="Le esperábamos y no le vimos. Venga cuando pueda: será de nuevo",
            front="El primer turno",
            front_until="Le guardamos ese turno hasta las {clock}.",
            helped="Gracias por esperar.",
            gone="Gracias por decírnoslo. Ya no está en la cola, y no tiene que hacer nada más.",
            out="Ya no está en nuestra cola. Si aún nos necesita, venga o escríbanos abajo: lo lee una persona.",
            broken="Tardamos más de lo prometido, y lo sentimos. Ya hemos avisado a alguien aquí.",
            ask="Díganos",
            answers={
                WaitAnswer.COMING: "Estoy en camino",
                WaitAnswer.LATER: "Diez minutos más",
                WaitAnswer.NOT_COMING: "No voy",
            },
        ),
        Language.FRENCH: WaitWords(
            you_wait="Vous êtes dans la file de {site}.",
            place="Votre place dans la file",
            turn="Ce sera votre tour {when}.",
            latest="Vous aurez de nos nouvelles à {clock} au plus tard. Promenez-vous si vous voulez : nous vous écrirons.",
            latest_here="Vous aurez de nos nouvelles à {clock} au plus tard. Nos messages ne vous parviennent pas : restez à proximité, nous vous appellerons par votre nom.",
            called="C’est à vous",
            now="Maintenant",
            come_until="Nous vous gardons ce moment jusqu’à {clock}.",
            coming="À tout de suite",
            later="Vous avez jusqu’à",
            keeps="La personne suivante passe avant, et vous gardez votre place.",
            missed="Nous vous attendions sans vous voir. Venez quand vous pouvez : vous êtes de nouveau",
            front="En tête",
            front_until="Nous vous gardons cette place jusqu’à {clock}.",
            helped="Merci d’avoir attendu.",
            gone="Merci de nous l’avoir dit. Vous n’êtes plus dans la file, et vous n’avez rien à faire.",
            out="Vous n’êtes plus dans notre file. Si vous avez encore besoin de nous, venez ou écrivez-nous ci-dessous : une personne vous lit.",
            broken="C’est plus long que promis, et nous le regrettons. Quelqu’un ici a été prévenu.",
            ask="Dites-nous",
            answers={
                WaitAnswer.COMING: "J’arrive",
                WaitAnswer.LATER: "Dix minutes de plus",
                WaitAnswer.NOT_COMING: "Je ne viens pas",
            },
        ),
    }
)
