"""A server that asks its visitors to sign in, with a real provider of OpenID Connect and a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sign_in_provider import CLIENT, Provider

from benchmarks.driving import dashboard

SECRETS = """
[auth]
redirect_uri = "{address}/oauth2callback"
cookie_secret = "of this test only, and long enough"
client_id = "{client}"
client_secret = "of this test only"
server_metadata_url = "{provider}/.well-known/openid-configuration"

[roles]
probe = ["*@lab.example.org"]
delete = ["ann@lab.example.org"]
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.close()


@pytest.fixture(scope="module")
def address(provider, tmp_path_factory) -> Iterator[str]:
    """The address of a dashboard whose secrets name the provider."""

    def secrets(address: str) -> str:
        return SECRETS.format(address=address, client=CLIENT, provider=provider.address)

    with dashboard(tmp_path_factory.mktemp("server"), secrets) as running:
        yield running.address


def test_a_stranger_sees_no_data_and_an_account_may_do_what_its_role_says(address, provider, arrive):
    stranger = arrive(address)
    for path in ("", "results", "probe", "sql"):
        stranger.page.goto(f"{address}/{path}")
        stranger.page.get_by_role("button", name="Sign in").wait_for(timeout=60_000)
        stranger.settle()
        assert stranger.page.locator('[data-testid="stDataFrame"], .js-plotly-plot').count() == 0

    provider.person = {"email": "bob@elsewhere.example", "email_verified": True}
    stranger.page.get_by_role("button", name="Sign in").click()
    stranger.page.get_by_text("Signed in as bob@elsewhere.example").wait_for(timeout=60_000)
    stranger.open("probe")
    run = stranger.page.get_by_role("button", name="Run the probe")
    assert run.is_disabled()
    stranger.picture("sign_in_without_a_role")

    stranger.page.get_by_role("button", name="Sign out").click()
    stranger.page.get_by_role("button", name="Sign in").wait_for(timeout=60_000)
    provider.person = {"email": "Cy@Lab.example.org"}
    stranger.page.get_by_role("button", name="Sign in").click()
    stranger.page.get_by_text("Signed in as Cy@Lab.example.org").wait_for(timeout=60_000)
    stranger.open("probe")
    assert run.is_enabled()
