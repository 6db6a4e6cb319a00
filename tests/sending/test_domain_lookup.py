"""Records of a domain, asked of a real name server on this machine."""

import socket
import threading
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from dns.resolver import Resolver

from funnel.sending.domain_lookup import look_up_domain

ZONE = {
    ("example.org.", "TXT"): ['"v=spf1 include:" "spf.mtasv.net ~all"', '"other=1"'],
    ("_dmarc.example.org.", "TXT"): ['"v=DMARC1; p=none"'],
    ("k1._domainkey.example.org.", "TXT"): ['"v=DKIM1; p=MIG"'],
    ("example.org.", "MX"): ["10 mail.example.org."],
    ("news.example.org.", "MX"): ["0 ."],
    ("go.example.org.", "CNAME"): ["seats.example.org."],
    ("seats.example.org.", "A"): ["192.0.2.7"],
}


def answer(query):
    reply = dns.message.make_response(query)
    question = query.question[0]
    name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
    alias = ZONE.get((name, "CNAME"))
    if alias and kind != "CNAME":
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", *alias))
        name = alias[0]
    found = ZONE.get((name, kind))
    if found:
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *found))
    elif not any(known == name for known, _ in ZONE):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    reply.flags |= dns.flags.RA
    return reply


@contextmanager
def name_server(*, is_silent=False):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.1)
        is_over = threading.Event()

        def serve():
            while not is_over.is_set():
                try:
                    packet, sender = sock.recvfrom(4096)
                except TimeoutError:
                    continue
                if not is_silent:
                    sock.sendto(answer(dns.message.from_wire(packet)).to_wire(), sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            is_over.set()
            thread.join()


@pytest.fixture(scope="module")
def resolver():
    with name_server() as port:
        made = Resolver(configure=False)
        made.nameservers, made.port = ["127.0.0.1"], port
        yield made


def test_all_that_is_asked_is_found(resolver):
    found = look_up_domain(
        "example.org", selector="k1", link_domain="go.example.org", resolver=resolver
    )
    assert "v=spf1 include:spf.mtasv.net ~all" in found.texts
    assert found.dmarc == ("v=DMARC1; p=none",)
    assert found.dkim == ("v=DKIM1; p=MIG",)
    assert found.mail_hosts == ("mail.example.org",)
    assert found.link_hosts == ("192.0.2.7",)


def test_what_is_not_there_is_empty_and_the_organisation_speaks_for_its_parts(resolver):
    found = look_up_domain("news.example.org", selector="k9", resolver=resolver)
    assert found.texts == ()
    assert found.dkim == ()
    assert found.dmarc == ("v=DMARC1; p=none",)
    assert found.mail_hosts == ()
    assert look_up_domain("nowhere.test", resolver=resolver).dmarc == ()


def test_a_server_that_does_not_answer_leaves_things_unknown(monkeypatch):
    monkeypatch.setattr("funnel.sending.domain_lookup._SECONDS", 0.2)
    with name_server(is_silent=True) as port:
        silent = Resolver(configure=False)
        silent.nameservers, silent.port = ["127.0.0.1"], port
        found = look_up_domain("example.org", resolver=silent)
    assert found.texts is None
    assert found.dmarc is None
    assert found.mail_hosts is None
