"""Functions of networks by approximations: what each costs in operations and passes, and loses in last places."""
