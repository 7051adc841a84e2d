"""How far a fit may be trusted: profiles, errors on unseen runs, other laws, published fits, what to run next."""
