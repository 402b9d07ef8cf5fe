"""Asked to stop in whole sentences, in three languages; and sentences that sound like it and are not."""

import pytest

from recovery.domain.refusals import asks_to_stop


@pytest.mark.parametrize(
    "words",
    [
        "Please stop texting me",
        "STOP MESSAGING THIS NUMBER!!",
        "can you stop sending me these texts",
        "no more messages",
        "Leave me alone.",
        "take me off your list",
        "Take my number off",
        "don't text me again",
        "don’t contact me",
        "remove my number please",
        "I do not want any more messages",
        "I don't want to receive any more text messages",
        "We do not wish to get texts from you",
        "I no longer want to be contacted",
        "please unsubscribe",
        "opt me out",
        "Dejen de escribirme",
        "¡Deja de enviarme mensajes!",
        "no me escriban más",
        "No quiero más mensajes",
        "Ya no quiero recibir más mensajes suyos",
        "No quiero que me escriban",
        "No me manden mensajes",
        "no más mensajes por favor",
        "denme de baja",
        "Déjenme en paz",
        "Arrêtez de m'envoyer des messages",
        "arretez de m’écrire",
        "Ne m'écrivez plus",
        "ne me contactez plus svp",
        "plus de SMS",
        "Je ne veux plus recevoir de messages",
        "N’envoyez plus rien",
        "STOP aux SMS",
        "laissez-moi tranquille",
        "supprimez mon numéro",
        "je veux me désinscrire",
        "please stop",
        "Stop please!",
        "STOP STOP STOP",
        "ok, stop it now",
        "Stop, thanks.",
        "unsubscribe please",
        "ARRÊT",
        "Arrêtez svp",
        "ALTO",
        "baja",
        "Basta ya por favor",
    ],
)
def test_a_plain_refusal_is_flagged(words: str) -> None:
    assert asks_to_stop(words)


@pytest.mark.parametrize(
    "words",
    [
        "Thanks, you are kind",
        "It is still cold",
        "Please stop sending me the wrong order",
        "I stopped at the counter",
        "There were no more croissants",
        "Leave it at the desk",
        "Please text me when it is ready",
        "Why did nobody text me?",
        "Take one coffee off the bill",
        "Gracias, muy amable",
        "No me dieron más café",
        "I was at the stop",
        "Stop by and we will see",
        "please cancel the coffee",
        "non stop",
        "El autobús para aquí",
        "I don't want to receive the wrong cake again",
        "No quiero recibir otra taza fría",
        "No me mandaron el café",
        "Je ne veux plus recevoir un café froid",
        "Merci beaucoup",
        "Il n'y avait plus de croissants",
        "",
        "2",
    ],
)
def test_what_only_sounds_like_it_is_not(words: str) -> None:
    assert not asks_to_stop(words)
