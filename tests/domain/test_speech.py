"""Words are said in the language of the request, and nothing else follows it."""

from threading import Thread

from funnel.domain.speech import English, say, say_many, speaking, spoken


class _German:
    language = "de"
    _words = {"Save": "Speichern", "after {name}": "nach {name}"}  # noqa: RUF012  (never changed)

    def gettext(self, message, /):
        return self._words.get(message, message)

    def ngettext(self, singular, plural, n, /):
        return "{count} Person" if n == 1 else "{count} Personen"


def test_english_is_what_the_code_says():
    assert say("Save") == "Save"
    assert say("after {name}", name="Listening") == "after Listening"
    assert say_many("{count} person", "{count} people", 1) == "1 person"
    assert say_many("{count} person", "{count} people", 1204) == "1,204 people"


def test_within_the_block_another_language_is_spoken():
    with speaking(_German()):
        assert spoken().language == "de"
        assert say("Save") == "Speichern"
        assert say("after {name}", name="{Listening}") == "nach {Listening}"
        assert say_many("{count} person", "{count} people", 2) == "2 Personen"
    assert say("Save") == "Save"


def test_what_the_catalogue_lacks_is_said_in_english():
    with speaking(_German()):
        assert say("Discard") == "Discard"


def test_words_without_values_keep_their_braces():
    assert say("Write {{ why }}") == "Write {{ why }}"


def test_another_thread_speaks_english():
    heard = []
    with speaking(_German()):
        other = Thread(target=lambda: heard.append(spoken()))
        other.start()
        other.join()
    assert isinstance(heard[0], English)
