"""Visitors without a browser: they speak the pages' own protocol, so that many of them fit on one machine."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

SECONDS = 120  # the longest that a visitor waits for an answer
Change = Callable[[WidgetState], None]


class Broken(Exception):
    """What a page showed or sent that no visitor should see."""


@dataclass
class Person:
    """One session of the dashboard: asks for pages, changes their widgets, and keeps how long each answer took."""

    address: str
    stream: ClientConnection
    token: str
    waits: dict[str, list[float]] = field(default_factory=dict)
    session: str = ""
    page: str = ""
    query: str = ""
    widgets: dict[str, str] = field(default_factory=dict)  # key -> id of what the last run drew
    states: dict[str, WidgetState] = field(default_factory=dict)  # id -> what this person chose
    polls: dict[str, float] = field(default_factory=dict)  # fragment -> seconds between its runs
    answers: list[FileURLs] = field(default_factory=list)

    async def open(self, what: str, page: str, **query: Any) -> None:
        """Goes to a page by its address."""
        self.page, self.query = page, urlencode(query)
        self.states.clear()
        self.polls.clear()
        await self._run(what)

    async def press(self, what: str, key: str) -> None:
        """Clicks the button whose key begins with `key`."""
        await self._change(what, key, lambda state: setattr(state, "trigger_value", True))
        self.states = {name: state for name, state in self.states.items() if not state.trigger_value}

    async def type(self, what: str, key: str, number: float) -> None:
        """Puts a number into the box whose key begins with `key`."""
        await self._change(what, key, lambda state: setattr(state, "double_value", number))

    async def upload(self, what: str, key: str, name: str, content: bytes) -> None:
        """Drops a file on the uploader whose key begins with `key`."""
        asked = BackMsg()
        asked.file_urls_request.request_id = "1"
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = self.session
        self.answers.clear()
        await self.stream.send(asked.SerializeToString())
        while not self.answers:
            await self._receive()
        (place,) = self.answers
        await asyncio.to_thread(_put, f"{self.address}{place.upload_url}", name, content, self.token)

        def dropped(state: WidgetState) -> None:
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.name, info.size, info.file_id = name, len(content), place.file_id
            info.file_urls.CopyFrom(place)

        await self._change(what, key, dropped)

    async def wait(self, what: str) -> None:
        """Runs the fragments that poll, as a browser would, until none is left."""
        began = time.monotonic()
        while self.polls:
            fragment, seconds = next(iter(self.polls.items()))
            await asyncio.sleep(seconds)
            await self._run("poll", fragment)
        self.waits.setdefault(what, []).append(time.monotonic() - began)

    def drawn(self, key: str) -> bool:
        return any(name.startswith(key) for name in self.widgets)

    async def _change(self, what: str, key: str, change: Change) -> None:
        found = next((name for name in self.widgets if name.startswith(key)), None)
        if found is None:
            raise Broken(f"{self.page} draws no widget '{key}' for {what}; it has {', '.join(sorted(self.widgets))}")
        state = self.states.setdefault(self.widgets[found], WidgetState(id=self.widgets[found]))
        change(state)
        await self._run(what)

    async def _run(self, what: str, fragment: str = "") -> None:
        asked = BackMsg()
        client = asked.rerun_script
        client.page_name, client.query_string, client.fragment_id = self.page, self.query, fragment
        client.is_auto_rerun = bool(fragment)
        client.widget_states.widgets.extend(self.states.values())
        began = time.monotonic()
        await self.stream.send(asked.SerializeToString())
        while not await self._receive():
            pass
        self.waits.setdefault(what, []).append(time.monotonic() - began)

    async def _receive(self) -> bool:
        """Takes one message of the server; whether a script has ended."""
        message = ForwardMsg()
        message.ParseFromString(await asyncio.wait_for(self.stream.recv(decode=False), SECONDS))
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session = message.new_session.initialize.session_id or self.session
            if not message.metadata.run.fragment_ids:  # everything is drawn anew
                self.widgets.clear()
                self.polls.clear()
        elif kind == "file_urls_response":
            self.answers.extend(message.file_urls_response.file_urls)
        elif kind == "auto_rerun":
            self.polls[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.polls.pop(fragment, None)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._draw(message.delta.new_element)
        elif kind == "script_finished":
            if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                raise Broken(f"{self.page} does not compile")
            return message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
            )
        return False

    def _draw(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise Broken(f"{self.page} shows {element.exception.type}: {element.exception.message}")
        name = getattr(getattr(element, kind), "id", "") if kind else ""
        if "-" in name:
            self.widgets[name.split("-", 2)[-1]] = name


async def arrive(address: str) -> Person:
    """A new session at a dashboard, on no page yet."""
    token = await asyncio.to_thread(_token, address)
    stream = await connect(
        f"{address.replace('http', 'ws', 1)}/_stcore/stream",
        origin=Origin(address),
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
    )
    return Person(address, stream, token)


def _token(address: str) -> str:
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=SECONDS) as answer:
        cookies = SimpleCookie(answer.headers.get("Set-Cookie", ""))
    return next((cookie.value for name, cookie in cookies.items() if "xsrf" in name), "")


def _put(url: str, name: str, content: bytes, token: str) -> None:
    edge = "edge-of-a-part"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
    request = urllib.request.Request(
        url,
        head.encode() + content + f"\r\n--{edge}--\r\n".encode(),
        {
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "X-Xsrftoken": token,
            "Cookie": f"_streamlit_xsrf={token}",
        },
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=SECONDS):
        pass
