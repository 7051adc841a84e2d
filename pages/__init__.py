"""One file per page, one question per page; app.py lists them."""
