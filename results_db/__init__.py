"""The results store: published facts and the user's own runs in one DuckDB file."""

from results_db.editing import EDITABLE
from results_db.errors import StoreError
from results_db.formulas import safe_cells
from results_db.glossary import meanings
from results_db.importers.columns import file_columns
from results_db.importers.preview import Preview
from results_db.importers.questions import Question
from results_db.location import default_path
from results_db.readable import Picks
from results_db.store import Store

__all__ = [
    "EDITABLE",
    "Picks",
    "Preview",
    "Question",
    "Store",
    "StoreError",
    "default_path",
    "file_columns",
    "meanings",
    "safe_cells",
]
