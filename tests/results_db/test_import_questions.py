"""What a file does not say is asked and never guessed: units of losses, formats, and numbers for all rows."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from analysis.formats.table import FORMATS as OURS
from results_db.importers.format_names import FAMILIES, FORMATS, named
from results_db.importers.loss_units import UNITS
from results_db.importers.preview import Preview
from results_db.importers.questions import Question
from results_db.importers.reader import read

HEAD = "n_params,n_tokens,loss"
LOSSES = (3.21, 2.95, 2.71)


def table(column: str, values: tuple[float, ...], extra: str = "") -> bytes:
    lines = [f"{i + 1}e9,2e10,{value!r}{extra}" for i, value in enumerate(values)]
    return "\n".join([f"n_params,n_tokens,{column}", *lines]).encode()


def open_questions(found: Preview) -> list[str]:
    return [question.name for question in found.questions if question.open]


# Unit -> a value in it from nats per token, independently of the importer; a token stands for 4.2 bytes.
WRITTEN_IN = {
    "nats per token": lambda nats: nats,
    "bits per token": lambda nats: math.log2(math.exp(nats)),
    "bits per byte": lambda nats: math.log2(math.exp(nats)) / 4.2,
    "perplexity": math.exp,
}


def test_every_unit_is_tested() -> None:
    assert set(WRITTEN_IN) == set(UNITS)


@pytest.mark.parametrize("unit", WRITTEN_IN)
def test_a_loss_in_another_unit_is_converted_when_the_user_says_so(unit: str) -> None:
    data = table("loss", tuple(WRITTEN_IN[unit](loss) for loss in LOSSES))
    facts = {"loss_unit": unit} | ({"bytes_per_token": "4.2"} if unit == "bits per byte" else {})
    found = read("x.csv", data, facts=facts)
    assert (found.blocking, found.sentences()) == ("", [])
    assert list(found.rows["loss"]) == pytest.approx(list(LOSSES), rel=1e-12)


HEADERS = {
    "val_ppl": "perplexity", "Perplexity": "perplexity", "eval/perplexity": "perplexity", "bpb": "bits per byte",
    "val/bpb": "bits per byte", "bits_per_byte": "bits per byte", "bits per token": "bits per token",
}  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_names_another_unit_is_asked_about_and_never_converted_silently(header: str) -> None:
    found = read("x.csv", table(header, LOSSES))
    assert open_questions(found) == ["loss_unit"]
    assert f"the name {header!r} suggests {HEADERS[header]}" in found.blocking
    settled = read("x.csv", table(header, LOSSES), facts={"loss_unit": "nats per token"})
    assert settled.blocking == ""
    assert list(settled.rows["loss"]) == list(LOSSES)


def test_values_that_are_no_losses_are_asked_about_once_and_not_in_every_row() -> None:
    found = read("x.csv", table("loss", (24.8, 19.1, 182.0, 30.5)))
    assert found.sentences() == [
        "loss_unit: losses around 27.65 are no nats per token, which lie below 20: say what they are, and they are "
        "converted"
    ]
    assert found.blocking == found.sentences()[0]


def test_one_loss_that_is_a_perplexity_is_named_with_its_logarithm() -> None:
    (sentence,) = read("x.csv", table("loss", (3.1, 182.0, 2.8))).sentences()
    assert sentence == (
        "row 3: loss is '182.0'; losses are in nats per token, up to 20; if this is a perplexity, write its logarithm, "
        "5.204"
    )


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("0.9", "as perplexity that means -0.1054 nats per token; a loss lies above 0 and up to 20"),
        ("0", "write the finite perplexity of the run, a number above 0, or delete the row"),
        ("-3", "write the finite perplexity of the run, a number above 0, or delete the row"),
        ("inf", "write the finite perplexity of the run, a number above 0, or delete the row"),
        ("1e9", "as perplexity that means 20.72 nats per token; a loss lies above 0 and up to 20"),
        ("many", "write a number such as 2.91"),
    ],
)
def test_a_value_that_no_loss_can_have_is_named_in_the_unit_that_was_said(cell: str, said: str) -> None:
    data = f"{HEAD}\n1e9,2e10,20.1\n2e9,2e10,{cell}\n".encode()
    (sentence,) = read("x.csv", data, facts={"loss_unit": "perplexity"}).sentences()
    assert sentence.startswith(f"row 3: loss is '{cell}'; {said}")


def test_bits_per_byte_need_the_bytes_of_a_token() -> None:
    found = read("x.csv", table("bpb", (0.9, 0.8)), facts={"loss_unit": "bits per byte"})
    assert open_questions(found) == ["bytes_per_token"]
    wrong = read("x.csv", table("bpb", (0.9, 0.8)), facts={"loss_unit": "bits per byte", "bytes_per_token": "four"})
    assert wrong.blocking == "bytes_per_token is 'four'; write a count such as 2e10, 20B or 20000000000"


def test_a_validation_loss_in_nats_is_preferred_to_a_perplexity_beside_it() -> None:
    found = read("x.csv", b"n_params,n_tokens,val_ppl,val_loss\n1e9,2e10,20.1,3.0\n", {"val_ppl": ""})
    assert (found.blocking, list(found.rows["loss"])) == ("", [3.0])


# What people write -> our format and what else the name states.
NAMES = {
    "NVFP4": ("nvfp4", {}), "MXFP4": ("mxfp4", {}), "bfloat16": ("bf16", {}), "torch.bfloat16": ("bf16", {}),
    "bf16-mixed": ("bf16", {}), "float8_e4m3fn": ("e4m3", {}), "torch.float8_e5m2": ("e5m2", {}), "half": ("fp16", {}),
    "FP8_E4M3": ("e4m3", {}), "int4": ("int4", {}), "W4A16-INT4": ("int4", {"weight_bits": 4, "activation_bits": 16}),
    "nvfp4a16": ("nvfp4", {"activation_bits": 16}), "W8A8-int8": ("int8", {"weight_bits": 8, "activation_bits": 8}),
    "W4A8KV4-mxfp4": ("mxfp4", {"weight_bits": 4, "activation_bits": 8, "kv_bits": 4}),
    "w4a16g128 int4": ("int4", {"weight_bits": 4, "activation_bits": 16, "block_size": 128}),
    "W1.58A8": ("w1.58a8", {"weight_bits": 1.58, "activation_bits": 8}), "q4_k_m": ("Q4_K_M", {}),
    "iq3_xxs": ("IQ3_XXS", {}), "float8_e4m3fnuz": ("float8_e4m3fnuz", {}), "QuEST W4A4": ("QuEST W4A4", {}),
    "FP8 (E4M3)": ("e4m3", {}), "E5M2 [FP8]": ("e5m2", {}),
    "my own": ("my own", {}), "W999A16": ("W999A16", {}), "w4a16g0": ("w4a16g0", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_format_is_named_the_way_people_name_it(name: str) -> None:
    ours, states = NAMES[name]
    found = read("x.csv", f"{HEAD},precision\n1e9,2e10,2.9,{name}\n".encode())
    assert (found.blocking, found.sentences()) == ("", [])
    row = found.rows.iloc[0]
    assert row["forward_format"] == ours
    bits = row[["weight_bits", "activation_bits", "kv_bits", "block_size"]].dropna().to_dict()
    assert bits == states


@pytest.mark.parametrize("written", ["fp4", "FP4", "fp8", "FP6", "mxfp6", "fp8-dynamic", "4-bit", "8bit"])
def test_a_name_that_several_formats_share_is_asked_about(written: str) -> None:
    data = f"{HEAD},forward_format,backward_format\n1e9,2e10,2.9,{written},bf16\n2e9,2e10,2.8,{written},bf16\n".encode()
    found = read("x.csv", data)
    (question,) = [question for question in found.questions if question.open]
    assert question.kind == "choice"
    *ours, as_it_is = question.choices
    assert set(ours) <= set(OURS)
    for choice in (*ours, as_it_is):
        settled = read("x.csv", data, facts={question.name: choice})
        assert settled.blocking == ""
        assert list(settled.rows["forward_format"]) == [choice, choice]
        assert list(settled.rows["backward_format"]) == ["bf16", "bf16"]


def test_w4a16_states_the_bits_and_asks_for_the_format() -> None:
    found = read("x.csv", f"{HEAD},fmt\n1e9,2e10,2.9,W4A16\n".encode())
    assert open_questions(found) == ["format w4a16"]
    row = read("x.csv", f"{HEAD},fmt\n1e9,2e10,2.9,W4A16\n".encode(), facts={"format w4a16": "int4"}).rows.iloc[0]
    assert (row["forward_format"], row["weight_bits"], row["activation_bits"]) == ("int4", 4.0, 16.0)


def test_w8a8_fp8_states_the_bits_and_asks_which_fp8() -> None:
    data = f"{HEAD},fmt\n1e9,2e10,2.9,w8a8-fp8\n".encode()
    (question,) = [question for question in read("x.csv", data).questions if question.open]
    assert question.choices == ("e4m3", "e5m2", "mxfp8", "w8a8 fp8")
    row = read("x.csv", data, facts={question.name: "e4m3"}).rows.iloc[0]
    assert (row["forward_format"], row["weight_bits"], row["activation_bits"]) == ("e4m3", 8.0, 8.0)


def test_a_column_of_bits_says_more_than_a_name() -> None:
    data = f"{HEAD},fmt,weight_bits\n1e9,2e10,2.9,W4A16-int4,4.5\n".encode()
    assert read("x.csv", data).rows["weight_bits"][0] == 4.5


@pytest.mark.parametrize("name", [*FORMATS, *FAMILIES])
def test_a_name_of_ours_means_itself(name: str) -> None:
    assert named(name).format == name


def test_every_choice_of_a_family_is_a_format_of_ours() -> None:
    for family, (_, choices) in FAMILIES.items():
        assert set(choices) <= set(OURS), family


@pytest.mark.parametrize("column", ["n_params", "n_tokens"])
def test_a_missing_count_may_be_said_for_all_rows(column: str) -> None:
    frame = pd.DataFrame({"n_params": ["1e9", "2e9"], "n_tokens": ["2e10", "3e10"], "loss": ["2.9", "2.8"]})
    data = frame.drop(columns=column).to_csv(index=False).encode()
    found = read("x.csv", data)
    assert open_questions(found) == [column]
    assert "or give one number for all rows" in found.blocking
    settled = read("x.csv", data, facts={column: "1.3B"})
    assert settled.blocking == ""
    assert list(settled.rows[column]) == [1.3e9, 1.3e9]
    wrong = read("x.csv", data, facts={column: "12"})
    assert f"{column} (your answer) is '12'; write a count from" in " | ".join(wrong.sentences())
    assert open_questions(read("x.csv", data, facts={column: "many"})) == [column]


def test_an_answer_to_nothing_is_a_bad_call() -> None:
    with pytest.raises(ValueError, match=r"unknown fact about this file 'los_unit'; did you mean loss_unit\?"):
        read("x.csv", table("loss", LOSSES), facts={"los_unit": "perplexity"})


def test_an_answer_that_is_no_choice_is_said() -> None:
    found = read("x.csv", table("loss", LOSSES), facts={"loss_unit": "nits"})
    assert found.blocking == f"loss_unit is 'nits'; choose one of {', '.join(UNITS)}"


def test_a_question_is_open_until_it_has_a_good_answer() -> None:
    assert Question("n_params", "how many?", "count").open
    assert not Question("n_params", "how many?", "count", required=False).open
    assert Question("n_params", "how many?", "count", answer="x", problem="write a count").open
