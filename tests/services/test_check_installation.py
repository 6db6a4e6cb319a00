import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from funnel.domain.access import Role
from funnel.domain.domain_records import domain_of
from funnel.domain.errors import InvalidInputError
from funnel.domain.readiness import CheckState
from funnel.sending.dkim import DkimKey
from funnel.sending.mailer import NO_JOURNAL, MailerCheckError
from funnel.services.check_installation import Installation, check_installation
from funnel.services.keep_demo_login import keep_demo_login
from funnel.services.load_definitions import load_definitions
from funnel.storage import brands
from tests.fixtures.staff import PASSWORD

AWAY = "postgresql+psycopg://postgres@127.0.0.1:1/funnel"


class RefusingMailer:
    """A mail server that does not let us in, at the edge where a real one would stand."""

    connections = 1
    repeats_safely = None

    def send_all(self, emails, *, may_begin, journal=NO_JOURNAL):
        raise AssertionError("a check sends nothing")

    def look_up(self, message_id, *, provider_id, since):
        raise AssertionError("a check asks for no message")

    def check(self):
        raise MailerCheckError("the server refused the password", remedy="Look at the password.")

    def close(self):
        pass


class WillingMailer(RefusingMailer):
    def check(self):
        pass


def checks(world=None, **changes):
    values = {
        "database_url": world.url if world else "",
        "broker_url": "",
        "base_url": "https://seats.kontor.de",
        "is_demo": False,
        "link_keys": ("0123456789abcdefghijklmnopqrstuvwxyz",),
        "trusted_proxies": (),
        "mailer_name": "smtp",
        "mailer": WillingMailer,
        "definitions_folder": Path("funnel/templates"),
        "transactions": lambda: world.transactions,
    } | changes
    return {each.name: each for each in check_installation(Installation(**values))}


def test_a_database_that_is_away_does_not_stop_the_other_checks():
    found = checks(database_url=AWAY)
    assert found["Database"].state is CheckState.WRONG
    assert "refused" in found["Database"].found
    assert found["Mail server"].state is CheckState.RIGHT


def test_an_old_schema_is_named_with_its_command(empty_database_url):
    found = checks(database_url=empty_database_url)
    assert found["Schema"].state is CheckState.WRONG
    assert "funnel db upgrade" in found["Schema"].remedy


def test_a_mail_server_that_refuses_us_is_quoted():
    check = checks(mailer=RefusingMailer)["Mail server"]
    assert check.state is CheckState.WRONG
    assert check.found == "the server refused the password"
    assert check.remedy == "Look at the password."


def test_keys_that_cannot_sign_are_named_with_their_remedy():
    def broken():
        raise InvalidInputError("the key has 1024 bits", remedy="Make a longer one.")

    check = checks(dkim_keys=broken)["DKIM"]
    assert check.state is CheckState.WRONG
    assert check.remedy == "Make a longer one."


def test_who_signs_and_who_leaves_unsigned_is_said(world):
    def keys(domain):
        key = Ed25519PrivateKey.generate()
        return lambda: (DkimKey(selector="e1", domain=domain, key=key),)

    with world.transactions.begin() as tx:
        (domain, *_) = {domain_of(each) for each in brands.list_brands(tx)}
    signed = checks(world, dkim_keys=keys(domain))["DKIM"]
    assert signed.state is CheckState.RIGHT
    assert f"e1._domainkey.{domain}" in signed.found
    stranger = checks(world, dkim_keys=keys("stranger.example"))["DKIM"]
    assert stranger.state is CheckState.LOOK
    assert domain in stranger.found


def test_kept_mails_are_no_sending():
    assert checks(mailer_name="mailbox")["Mail server"].state is CheckState.WRONG


def test_nothing_loaded_yet_is_wrong_and_nobody_able_to_sign_up_wants_a_look(bare_world):
    found = checks(bare_world)
    assert found["Schema"].state is CheckState.RIGHT
    assert found["Sequences"].state is CheckState.WRONG
    assert found["Sources"].state is CheckState.LOOK
    assert found["Dates"].state is CheckState.LOOK


def test_the_shipped_sender_is_wrong_and_a_broken_file_is_named(bare_world, tmp_path):
    folder = tmp_path / "templates"
    shutil.copytree(Path("funnel/templates"), folder)
    (folder / "email/notices/welcome.md").write_text("nothing")
    load_definitions(folder, bare_world.transactions)
    found = checks(bare_world, definitions_folder=folder)
    assert found["Brand default: postal address"].state is CheckState.WRONG
    named = next(each for name, each in found.items() if "notices/welcome.md" in name)
    assert named.state is CheckState.WRONG


def test_a_sequence_whose_email_is_missing_is_wrong(tmp_path):
    folder = tmp_path / "templates"
    shutil.copytree(Path("funnel/templates"), folder)
    (folder / "email/disruption-masterclass/bias.md").unlink()
    found = checks(definitions_folder=folder)
    assert "bias.md is missing" in found["sequences/disruption-masterclass.yaml"].found


def test_a_pause_that_stands_wants_a_look(world):
    world.execute("insert into pauses (scope, reason, by) values ('all', 'why', 'anna')")
    assert checks(world)["Sending"].state is CheckState.LOOK


def test_a_studio_that_nobody_can_open_wants_a_look(house):
    assert checks(house.world)["Studio"].state is CheckState.LOOK
    house.hire(role=Role.OPS)
    keep_demo_login(PASSWORD, house.transactions)
    assert "Studio" in checks(house.world)
    house.hire("admin@example.org")
    assert "Studio" not in checks(house.world)


@pytest.mark.broker
def test_a_broker_that_answers_is_right(broker, world):
    assert checks(world, broker_url=broker.url)["Broker"].state is CheckState.RIGHT


def test_an_encrypted_address_needs_a_proxy_that_is_trusted():
    check = checks()["Proxies"]
    assert check.state is CheckState.LOOK
    assert "FUNNEL_TRUSTED_PROXIES" in check.remedy
    assert checks(trusted_proxies=("172.18.0.1",))["Proxies"].state is CheckState.RIGHT
    assert "Proxies" not in checks(base_url="http://127.0.0.1:8000")


def test_without_a_source_of_that_name_the_landing_page_is_named(door):
    assert "source add landing --unsigned" in checks(door.world)["Landing page"].remedy
    door.world.execute("update sources set slug = 'landing', secrets = '{}', form_secret = null")
    assert "Landing page" not in checks(door.world)
