"""Who may do what on a server whose secrets name a provider of sign-in; on any other, everybody may do everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.util import find_spec
from typing import Any

import streamlit as st

# What needs a role, in words; who has it stands under [roles] of the server's secrets (docs/sign-in.md).
ROLES = {"probe": "run kernels on this server's machine", "delete": "delete and restore datasets"}


def sign_in_asked() -> bool:
    """Whether this server's secrets have an [auth] section."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def require_sign_in() -> None:
    """Ends the page with a sign-in button for a stranger, where sign-in is asked; says who is signed in otherwise."""
    if not sign_in_asked():
        return
    if find_spec("authlib") is None:
        st.error("This server asks for sign-in, but what it needs is not installed: make signin", icon=":material/key:")
        st.stop()
    if not st.user.is_logged_in:
        st.title("Precision Atlas")
        st.text("Which number format to train and serve in, with the evidence. This server asks who you are.")
        st.button("Sign in", key="people.sign_in", type="primary", icon=":material/login:", on_click=st.login)
        st.stop()
    with st.sidebar:
        st.text(f"Signed in as {st.user.get('email') or st.user.get('sub')}")
        st.button("Sign out", key="people.sign_out", icon=":material/logout:", on_click=st.logout)


def may(role: str) -> bool:
    """Whether the visitor has one of ROLES: always without sign-in, else when the server's secrets give it."""
    return not sign_in_asked() or has_role(st.secrets.get("roles", {}).get(role, ()), st.user)


def has_role(members: Sequence[str], user: Mapping[str, Any]) -> bool:
    """Whether an address that the provider has not called unverified is among `members`: addresses or *@domain."""
    address = str(user.get("email") or "").casefold()
    proven = address.count("@") == 1 and user.get("email_verified", True) in (True, "true")
    return proven and any(fnmatchcase(address, member.casefold()) for member in members)


def button(role: str, label: str, *, disabled: bool = False, **options: Any) -> bool:
    """A button for people with `role`: others cannot click it, are told why, and a forged click does nothing."""
    allowed = may(role)
    if not allowed:
        options["help"] = f"Your account may not {ROLES[role]}; ask whoever runs this server."
    return st.button(label, disabled=disabled or not allowed, **options) and allowed
