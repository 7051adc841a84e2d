"""Placeholder until its author lands it."""

import streamlit as st

st.title("results")
