"""Which passwords may be chosen, and how they are kept."""

import pytest
from argon2 import PasswordHasher

from funnel.domain import password as passwords
from funnel.domain.errors import InvalidInputError
from funnel.domain.password import check_password, hash_password, verify_password

GOOD = "lantern gravel otter nine"
EMAIL = "mira.muster@seaside-coaching.example.org"


@pytest.mark.parametrize(
    "good",
    [
        GOOD,
        "exactly fifteen",
        "ein Käuzchen fliegt über Gräben",
        "пять слов подряд тут",
        "        spaces        ",
        "!?.:;,-_ #+*~ '\"§$%&/",
        "Mira has a grey heron at home",
        "x" * 3 + " twelve other characters",
    ],
)
def test_a_long_one_may_be_chosen_whatever_it_is_made_of(good):
    check_password(good, email=EMAIL, name="Mira Muster")


@pytest.mark.parametrize(
    ("case", "bad", "said"),
    [
        ("nothing", "", "shorter than 15"),
        ("fourteen", "abcdhefgijrlmz", "shorter than 15"),
        ("composed counts once", "e\u0301" * 14, "shorter than 15"),
        ("endless", "lantern " * 40, "longer than 200"),
        ("one character", "aaaaaaaaaaaaaaaaaaaa", "a row or a repetition"),
        ("four characters", "abcdabcdabcdabcd", "a row or a repetition"),
        ("the alphabet", "abcdefghijklmnopq", "a row or a repetition"),
        ("backwards", "zyxwvutsrqponmlkj", "a row or a repetition"),
        ("the keyboard", "qwertyuiopasdfgh", "a row or a repetition"),
        ("a German keyboard", "qwertzuiopasdfgh", "a row or a repetition"),
        ("two rows", "qwertyuiop123456789", "a row or a repetition"),
        ("twice", "hannoverhannover", "tried first"),
        ("twice and a year", "hannoverhannover2026", "tried first"),
        ("a word and digits", "Password 123456789", "tried first"),
        ("the famous one", "correct horse battery staple", "tried first"),
        ("the product", "Masterclass Funnel 1", "tried first"),
        ("the address", EMAIL, "the address or the name"),
        ("its parts", "seaside-coaching-2026", "the address or the name"),
        ("the name", "Mira Muster 1234567", "the address or the name"),
        ("the name backwards", "muster mira muster", "the address or the name"),
    ],
)
def test_what_is_tried_first_is_refused(case, bad, said):
    with pytest.raises(InvalidInputError, match=said) as caught:
        check_password(bad, email=EMAIL, name="Mira Muster")
    assert caught.value.field == "password"
    assert "15 or more" in caught.value.remedy


def test_a_password_is_kept_so_that_it_can_be_verified_and_not_read():
    kept = hash_password(GOOD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert GOOD not in kept
    assert verify_password(GOOD, kept).is_right
    assert not verify_password(GOOD + " ", kept).is_right
    assert hash_password(GOOD) != kept


def test_the_same_letters_typed_on_another_system_are_the_same_password():
    kept = hash_password("K\u00e4uzchen \u00fcber Gr\u00e4ben")
    assert verify_password("Ka\u0308uzchen u\u0308ber Gra\u0308ben", kept).is_right


@pytest.mark.parametrize("kept", [None, "", "not a hash", "$argon2id$v=19$m=19456,t=2,p=1$x$y"])
def test_nothing_is_right_where_nothing_is_kept(kept):
    for given in (GOOD, "", "nobody's", "x" * 100_000):
        assert not verify_password(given, kept).is_right


def test_one_kept_with_weaker_parameters_is_right_and_outdated():
    kept = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(GOOD)
    verdict = verify_password(GOOD, kept)
    assert verdict.is_right
    assert verdict.is_outdated
    assert not verify_password(GOOD, hash_password(GOOD)).is_outdated


def test_an_unknown_address_costs_a_verification_too(monkeypatch):
    asked = []
    real = passwords._HASHER.verify

    class Counting:
        def __getattr__(self, name):
            return getattr(passwords_hasher, name)

        def verify(self, *words):
            asked.append(words)
            return real(*words)

    passwords_hasher = passwords._HASHER
    monkeypatch.setattr(passwords, "_HASHER", Counting())
    verify_password(GOOD, None)
    assert len(asked) == 1
    assert asked[0][0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
