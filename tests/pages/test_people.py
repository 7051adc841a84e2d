"""Who may run probes and delete datasets where a server asks for sign-in."""

from __future__ import annotations

import pytest

from pages.ui import people

MEMBERS = ["ann@lab.example.org", "*@probe.example.org"]


@pytest.mark.parametrize("address", ["ann@lab.example.org", "Ann@LAB.example.org", "bo@probe.example.org"])
def test_an_address_or_a_domain_that_is_named_has_the_role(address):
    assert people.has_role(MEMBERS, {"email": address})
    assert people.has_role(MEMBERS, {"email": address, "email_verified": True})


@pytest.mark.parametrize(
    "user",
    [
        {},
        {"email": None},
        {"email": "bo@lab.example.org"},
        {"email": "ann@lab.example.org.evil.example"},
        {"email": "evil@evil.example@probe.example.org"},
        {"email": "@probe.example.org@"},
        {"email": "bo@sub.probe.example.org"},
        {"email": "*"},
        {"email": "ann@lab.example.org", "email_verified": False},
        {"email": "ann@lab.example.org", "email_verified": "false"},
        {"name": "ann@lab.example.org"},
    ],
)
def test_nobody_else_has_it(user):
    assert not people.has_role(MEMBERS, user)


def test_a_role_that_the_secrets_do_not_give_is_nobodys():
    assert not people.has_role((), {"email": "ann@lab.example.org"})
