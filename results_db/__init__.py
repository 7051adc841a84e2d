"""The results store: published facts and the user's own runs in one DuckDB file."""

from results_db.errors import StoreError
from results_db.location import default_path
from results_db.store import Store

__all__ = ["Store", "StoreError", "default_path"]
