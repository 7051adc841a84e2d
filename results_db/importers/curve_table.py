"""Tables of loss curves, one point a row: a column of steps beside one or more losses."""

from __future__ import annotations

from collections.abc import Iterator

from results_db.importers import curves, loss_units
from results_db.importers.aliases import SET_BY_STORE, match_column
from results_db.importers.columns import SURE
from results_db.importers.content import Content
from results_db.importers.curves import Point
from results_db.importers.format_names import squeezed
from results_db.importers.preview import Preview
from results_db.importers.problems import shown
from results_db.importers.questions import Answers, Question
from results_db.importers.table import Records
from results_db.importers.units import parse_number

NAMES = {
    "step": "step, steps, global step, iteration, iter, train/global step, trainer/global step",
    "curve_id": "curve id, curve, run, run name, name",
    "learning_rate": "learning rate, lr, train/lr, train/learning rate",
}
_COLUMN_OF = {squeezed(alias): name for name, aliases in NAMES.items() for alias in aliases.split(",")}
DROP = "ignore them"


def recognizes(records: Records) -> bool:
    """True for steps beside losses, of which no row says a model's size or several rows belong to one curve."""
    roles = [column_of(name) for name in records.header]
    if not {"step", "loss"} <= set(roles):
        return False
    if "curve_id" not in roles:
        return "n_params" not in roles
    named = records.texts[roles.index("curve_id")]
    return "curve_id" in records.header or len(named.unique()) < len(named)


def column_of(name: str) -> str:
    """Which column of loss_curves a header means: "" for one that is not known, "loss" for any loss."""
    if name in curves.COLUMNS:
        return name
    word = squeezed(name)
    if word in _COLUMN_OF:
        return _COLUMN_OF[word]
    match = match_column(name)
    return match.column if match.column in ("loss", "n_tokens", "n_params") and match.confidence >= SURE else ""


def read(content: Content, records: Records, answers: Answers, remark: str = "") -> Preview:
    """The curves: every point checked, with what must be said first."""
    roles = {name: column_of(name) for name in records.header}
    losses = [name for name, role in roles.items() if role == "loss"]
    places = [records.header.index(name) for name in losses]
    numbers = (parse_number(cells[place]) for place in places for _, cells in records.rows())
    asked = loss_units.questions(losses, (number for number in numbers if number is not None), answers)
    strange = [name for name, role in roles.items() if not role and name not in SET_BY_STORE]
    if strange:
        listed = ", ".join(shown(name) for name in strange[:8]) + (", …" if len(strange) > 8 else "")
        text = f"a table of loss curves has no such columns: {listed}. Say that they are to be ignored"
        asked.append(answers.to(Question("columns", text, "choice", (DROP,))))
    points = _points(records, roles, losses, content.default_name)
    return curves.preview(content, points, asked, records.problems, remark)


def _points(records: Records, roles: dict[str, str], losses: list[str], stem: str) -> Iterator[Point]:
    for number, cells in records.rows():
        row = dict(zip(records.header, cells, strict=True))
        shared = {roles[name]: cell for name, cell in row.items() if roles[name] and name not in losses}
        curve = shared.get("curve_id") or stem
        for loss in losses:
            if row[loss].strip():
                own = {"curve_id": curve if len(losses) == 1 else f"{curve} {shown(loss)}", "loss": row[loss]}
                name = {} if squeezed(loss) == "loss" else {"loss_name": shown(loss)}
                yield Point(name | shared | own, number, f"row {number}")
