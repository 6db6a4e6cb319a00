import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from funnel.bootstrap import Deps
from funnel.domain.access import Role
from funnel.domain.budget import Budget
from funnel.domain.domain_records import domain_of
from funnel.domain.errors import InvalidInputError
from funnel.domain.readiness import CheckState
from funnel.domain.routing import Providers
from funnel.sending.dkim import DkimKey
from funnel.sending.mailer import NO_JOURNAL, MailerCheckError
from funnel.services.check_installation import Installation, check_installation
from funnel.services.claim_messages import ClaimRules
from funnel.services.keep_demo_login import keep_demo_login
from funnel.services.load_definitions import load_definitions
from funnel.services.set_budget import set_budget
from funnel.settings import Settings
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
        "mailer_of": lambda name: WillingMailer(),
        "claim_rules": ClaimRules(providers=Providers(names=("smtp",)), published_per_lane=500),
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
    check = checks(mailer_of=lambda name: RefusingMailer())["Mail server"]
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


def fallback(*names, domains=(), budgets=None):
    providers = Providers(names=names, fallback_domains=frozenset(domains))
    rules = ClaimRules(providers=providers, published_per_lane=500, default_budgets=budgets or {})
    return {"fallback_name": names[-1], "claim_rules": rules}


def test_without_a_second_mail_server_nothing_is_said_of_it(world):
    assert not [name for name in checks(world) if "econd" in name]


def test_a_second_mail_server_is_asked_as_the_first_one_is():
    def mailer_of(name):
        return RefusingMailer() if name == "ses" else WillingMailer()

    found = checks(mailer_of=mailer_of, **fallback("smtp", "ses"))
    assert found["Mail server"].state is CheckState.RIGHT
    assert found["Second mail server"].state is CheckState.WRONG
    assert found["Second mail server"].remedy == "Look at the password."
    assert checks(**fallback("smtp", "ses"))["Second mail server"].state is CheckState.RIGHT


def test_a_second_mail_server_whose_settings_are_missing_says_which():
    def mailer_of(name):
        if name == "smtp":
            return WillingMailer()
        raise InvalidInputError("no token", field="FUNNEL_POSTMARK_TOKEN", remedy="Set it.")

    check = checks(mailer_of=mailer_of, **fallback("smtp", "postmark"))["Second mail server"]
    assert (check.state, check.remedy) == (CheckState.WRONG, "Set it.")


def test_a_second_mail_server_that_is_the_first_stands_in_for_nothing():
    assert checks(**fallback("smtp"))["Second mail server"].state is CheckState.LOOK


def test_senders_that_the_second_mail_server_does_not_stand_in_for_are_named(world):
    name = "Senders of the second mail server"
    assert name not in checks(world, **fallback("smtp", "ses"))
    assert name not in checks(world, **fallback("smtp", "ses", domains=["example.org"]))
    check = checks(world, **fallback("smtp", "ses", domains=["elsewhere.example"]))[name]
    assert check.state is CheckState.LOOK
    assert "example.org" in check.found


def test_each_mail_server_is_named_with_the_limits_that_it_is_held_to(world):
    given = fallback("smtp", "ses", budgets={"ses": Budget(per_second=14)})
    found = checks(world, **given)
    assert found["Limits of smtp"].state is CheckState.LOOK
    assert "funnel budget preset" in found["Limits of smtp"].remedy
    assert found["Limits of ses"].found == "14 a second"
    set_budget(world.transactions, Budget(per_hour=300), by="ada", provider="smtp")
    set_budget(world.transactions, Budget(per_day=2000), by="ada")
    assert checks(world, **given)["Limits of smtp"].found == "2,000 a day; 300 an hour"


def test_keys_that_sign_for_the_second_mail_server_are_looked_at_too(world):
    def broken():
        raise InvalidInputError("the key has 1024 bits", remedy="Make a longer one.")

    found = checks(world, mailer_name="ses", dkim_keys=broken, **fallback("ses", "smtp"))
    assert found["DKIM"].state is CheckState.WRONG


def test_a_process_looks_at_all_that_its_settings_name(world):
    settings = Settings(
        database_url=world.url,
        mailer="smtp",
        fallback_mailer="postmark",
        smtp_host="127.0.0.1",
        smtp_port=1,
        dkim_selector=("e1",),
        dkim_key_file=(Path("nowhere.pem"),),
        dkim_domain="example.org",
    )
    deps = Deps(settings, role="cli")
    found = {each.name: each for each in check_installation(deps.installation)}
    deps.close()
    for name in ("Mail server", "Second mail server", "DKIM"):
        assert found[name].state is CheckState.WRONG
        assert found[name].remedy
    assert found["Limits of postmark"].found == "10 a second"


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
