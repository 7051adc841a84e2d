"""Who can reach a server that was started without a word: this machine's browser, and no other page in it."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin


def test_a_page_of_another_site_opens_no_session(server):
    stream, port = f"{server.replace('http', 'ws', 1)}/_stcore/stream", urlsplit(server).port
    with connect(stream, origin=Origin(server)):
        pass
    for origin in ("http://evil.example", f"http://evil.example:{port}", f"http://[::1]:{port}", "null"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(stream, origin=Origin(origin))
    with pytest.raises(InvalidStatus, match="403"):  # a name of the attacker that has come to point here
        connect(
            stream.replace("127.0.0.1", "evil.example"),
            origin=Origin(f"http://evil.example:{port}"),
            sock=socket.create_connection(("127.0.0.1", port)),
        )


def test_a_file_without_the_sessions_own_token_is_not_taken(server):
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(urllib.request.Request(f"{server}/_stcore/upload_file/session/file", method="PUT"))


def test_the_server_answers_on_no_address_but_the_loopback(server):
    addresses = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1"}:
        with socket.socket() as other:
            other.settimeout(5)
            if not address.startswith("127."):
                assert other.connect_ex((address, int(urlsplit(server).port or 0))) != 0
