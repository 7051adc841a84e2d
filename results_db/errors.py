"""What the store raises when it cannot do what was asked."""


class StoreError(Exception):
    """The store's file cannot be used; the message says what was found and what to do next."""
