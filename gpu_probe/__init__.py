"""Measures what number formats are worth on this machine; the only package that talks to an accelerator.

Importing it loads no torch: the parent stays light, a child process (worker.py) touches the device.
"""
