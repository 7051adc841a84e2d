"""What this program computes for the claims of papers: every check runs on the shipped rows and has its status."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.evidence.check import BASES, RELATIONS, Status, claimed, judged
from analysis.evidence.facts import TABLES, Facts, NoRowsError, number
from analysis.evidence.reasons import REASONS
from analysis.evidence.verdicts import CHECKS, MODULES, verdict, verdicts

# Claims that the rows of their own sources do not give; why stands with each check.
CONTRADICTED = {"tmac_2024-03", "hawq_v3_2020-05"}
# Of the tables packed as text.
NUMBERS = (
    *("n_params", "n_tokens", "n_devices", "weight_bits", "activation_bits", "value", "baseline_value"),
    *("learning_rate", "batch_tokens", "loss"),
)


def table(folder: Path, name: str) -> pd.DataFrame:
    """A shipped table, read without the store."""
    if name == "runs":
        return pd.concat([pd.read_csv(path) for path in sorted((folder / "runs").glob("*.csv"))], ignore_index=True)
    packed = folder / f"{name}.parquet"
    if not packed.exists():
        return pd.read_csv(folder / f"{name}.csv")
    found = pd.read_parquet(packed)  # text columns
    numbers = found.columns.intersection([*NUMBERS])
    found[numbers] = found[numbers].apply(pd.to_numeric)
    return found.assign(higher_is_better=found.get("higher_is_better") == "true")


@pytest.fixture(scope="module")
def facts(data_folder) -> Facts:
    return Facts({name: table(data_folder, name) for name in TABLES})


@pytest.mark.parametrize("claim_id", CHECKS)
def test_a_claim_is_what_this_program_computes_for_it_and_another_number_is_not(facts, claim_id):
    claim, check = facts.claim(claim_id), CHECKS[claim_id]
    found = verdict(claim, facts)
    wanted = {"CONTRADICTED"} if claim_id in CONTRADICTED else {"REPRODUCED", "CONSISTENT"}
    assert found["status"] in wanted, (
        f"{found['how']} Computed {found['computed']:.6g} to {found['computed_high']:.6g}; the source prints "
        f"{claimed(claim)} {claim['unit']}"
    )
    assert found["why"] or found["status"] != "CONTRADICTED"
    low, high = found["computed"], found["computed_high"]
    away = {"at least": abs(high) + 1, "at most": -abs(low) - 1}.get(check.relation, 3 * abs(high) + 7)
    moved = claim | {"value": away, "value_high": float("nan")}
    assert judged(check, moved, (low, high)) is Status.CONTRADICTED, "a check that cannot fail is none"


@pytest.mark.row("R38")
def test_3072_gpus_reach_52_percent_of_their_peak_and_1t_parameters_on_20t_tokens_take_1_2e26_flops(facts):
    """Source: claims megatron_2021-02, -03 and frontier_llm_2023-01."""
    rate, budget = (facts.claim(name) for name in ("megatron_2021-03", "frontier_llm_2023-01"))
    assert [verdict(claim, facts)["status"] for claim in (rate, budget)] == ["REPRODUCED", "REPRODUCED"]
    gpus = number(facts.claim("megatron_2021-02")["hardware"], "GPUs")
    assert round(facts.value("megatron_2021-02") * 1e3 / gpus) == 163
    assert round(verdict(rate, facts)["computed"]) == 52


def test_sixty_claims_and_more_are_computed_and_each_claim_is_there_once(facts):
    listed = [check.claim_id for module in MODULES for check in module.CHECKS]
    assert len(listed) == len(set(listed)) >= 60
    assert set(listed) <= set(facts.tables["claims"]["claim_id"])
    assert {check.basis for check in CHECKS.values()} <= set(BASES)
    assert {check.relation for check in CHECKS.values()} <= set(RELATIONS)


def test_every_claim_without_a_check_has_a_reason(facts):
    assert set(facts.tables["claims"]["metric"]) <= set(REASONS)


def test_rows_that_are_not_there_are_a_reason_not_an_error(facts):
    bare = verdicts(Facts({"claims": facts.tables["claims"]}))
    assert len(bare) == len(facts.tables["claims"])
    assert "CONTRADICTED" not in set(bare["status"])
    needy = bare.set_index("claim_id").loc["paretoq_2025-02"]
    assert (needy["status"], needy["why"]) == ("NOT_CHECKABLE", "The store has no rows of quality with source_id " +
            "paretoq_2025, weight_format ternary, metric accuracy_avg.")  # fmt: skip


@pytest.mark.parametrize(
    ("printed", "computed", "agrees"),
    [(52, 52.4, True), (52, 52.6, False), (4, 4.06, False), (1.2e26, 1.24e26, True), (0.07, 0.0705, True),
     (-5.8, -5.84, True), (448, 448.4, True), (100, 101, False)],
)  # fmt: skip
def test_a_number_is_reproduced_when_it_rounds_to_the_printed_digits(printed, computed, agrees):
    holds = RELATIONS["equals"].holds((computed, computed), (printed, printed))
    assert holds is agrees


def test_numbers_are_read_in_front_of_their_units():
    assert number("RTX 2080 Ti 11 GB", "GB") == 11
    assert number("printed as 120 million exaflops for 20T tokens", "tokens") == 2e13
    assert number("9.76 with AffineQuant", "with AffineQuant") == 9.76
    with pytest.raises(ValueError, match="has no number"):
        number("full precision", "bits")
    with pytest.raises(NoRowsError, match="no rows of models with model GPT-9"):
        Facts({"models": pd.DataFrame({"model": ["GPT-2"]})}).model("GPT-9")


def test_the_command_reads_what_the_store_exports_and_says_what_became_of_each_claim(facts, tmp_path, capsys):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("claims", "devices", "coverage"):
            archive.writestr(f"{name}.csv", facts.tables[name].to_csv(index=False))
    assert main(["claims", str(path), "--source", "marlin_2024", "--json"]) == 0
    said = {row["claim_id"]: row for row in json.loads(capsys.readouterr().out)}
    assert said["marlin_2024-04"]["status"] == "CONSISTENT"
    assert said["marlin_2024-04"]["computed"] == pytest.approx(16 / 4.125)
    assert main(["claims", str(path), "--source", "paretoq_2025", "--status", "not_checkable"]) == 0
    assert "paretoq_2025-02 (ParetoQ ternary 600M, params ratio): not checkable; The store has no rows of quality" in (
        capsys.readouterr().out
    )
    assert main(["claims", str(path), "--source", "nobody"]) == 2
    assert "no rows of claims with source_id nobody" in capsys.readouterr().err
    assert main(["claims", str(Path(__file__))]) == 1
    assert "is no zip file; make one with" in capsys.readouterr().err
