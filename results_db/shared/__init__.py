"""The store on a shared PostgreSQL database: the same tables and the same SQL, for a team and several processes."""
