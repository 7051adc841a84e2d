"""The formats page as its user meets it: the default, other formats, uploads good and bad."""

import io
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from streamlit.testing.v1 import AppTest

from analysis.formats import FORMATS, per_tensor, trial
from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.table import ELEMENTS

ROOT = Path(__file__).parents[2]
# One element for each way of cutting a code into fields.
LAYOUTS = {fmt.fields: name for name, fmt in ELEMENTS.items()}.values()
DEFAULT = ["e2m1", "e4m3", "int4", "mxfp4", "nvfp4"]


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setenv("PRECISION_ATLAS_DB", str(tmp_path / "store.duckdb"))
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).switch_page("pages/formats.py").run()
    assert not at.exception
    return at


def errors(at):
    """The table of errors, by format."""
    return next(table.value for table in at.dataframe if "sqnr_db" in table.value).set_index("format")


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def upload(at, name, data):
    at.button_group(key="formats.source").set_value("upload").run()
    at.file_uploader(key="formats.file").set_value((name, data, "application/octet-stream")).run()
    assert not at.exception
    return at


@pytest.mark.row("R14")
def test_the_first_view_compares_five_formats_on_normal_values(page):
    table = errors(page)
    assert list(table.index) == DEFAULT
    x = DISTRIBUTIONS["normal"].sample(np.random.default_rng(0), (256, 1024))
    for name in DEFAULT:
        fmt = per_tensor(ELEMENTS[name]) if name in ELEMENTS else FORMATS[name]
        assert table.loc[name, "sqnr_db"] == pytest.approx(trial(fmt, x).errors.sqnr_db), name
    assert len(page.get("plotly_chart")) == 3
    printed = next(table.value for table in page.dataframe if "printed" in table.value).set_index("claim_id")["printed"]
    assert printed["bitmod_2024-01"].startswith("-0.5%")
    assert [printed[f"bitmod_2024-0{n}"] for n in (2, 3, 4)] == ["1.69x", "1.48x", "128 weights"]


def test_other_formats_and_a_transform_change_the_table(page):
    page.multiselect(key="formats.chosen").set_value(["mxfp8", "int4_g128", "posit16"]).run()
    page.selectbox(key="formats.distribution").set_value("outliers").run()
    page.selectbox(key="formats.transform").set_value("hadamard").run()
    assert not page.exception
    table = errors(page)
    assert list(table.index) == ["mxfp8", "int4_g128", "posit16"]
    assert table.loc["int4_g128", "sqnr_db"] > table.loc["int4_g128", "sqnr_before_db"] + 3


def test_formats_whose_element_is_their_own_show_their_codes_too(page):
    page.multiselect(key="formats.chosen").set_value(["bitmod3", "nvfp4_mseden", "fp3_afpq", "nf4_double"]).run()
    assert not page.exception
    assert list(errors(page).index) == ["bitmod3", "nvfp4_mseden", "fp3_afpq", "nf4_double"]
    page.selectbox(key="formats.element").set_value("bitmod3_+3").run()
    assert not page.exception
    codes = next(table.value for table in page.dataframe if "bits" in table.value)
    assert codes["value"].tolist() == ["0", "1", "2", "4", "3", "−1", "−2", "−4"]


@pytest.mark.row("R13")
def test_element_group_and_scale_can_be_typed_and_a_name_that_is_none_gets_a_sentence(page):
    page.multiselect(key="formats.chosen").set_value(["e2m1_g32_ue5m3", "e3m0_g64", "fp9", "e8m0"]).run()
    assert not page.exception
    assert list(errors(page).index) == ["e2m1_g32_ue5m3", "e3m0_g64"]
    assert [text.value.replace("\\", "").split(";")[0] for text in page.warning] == [
        "unknown format 'fp9'",
        "e8m0 is a scale format, which holds no negative values",
    ]


def test_without_a_scale_bare_elements_are_cast_as_they_are(page):
    scaled = errors(page)
    page.toggle(key="formats.scaled").set_value(False).run()
    bare = errors(page)
    assert bare.loc["e2m1", "sqnr_db"] != scaled.loc["e2m1", "sqnr_db"]
    assert bare.loc["mxfp4", "sqnr_db"] == scaled.loc["mxfp4", "sqnr_db"]


def test_no_format_at_all_is_said_in_a_sentence(page):
    page.multiselect(key="formats.chosen").set_value([]).run()
    assert not page.exception
    assert page.info[0].value == "No format is chosen: pick one to six above."


def test_every_element_has_bits_to_toggle_and_a_code_table(page):
    page.button_group(key="formats.source").set_value("upload")  # without a tensor the page is drawn sooner
    for name in LAYOUTS:
        page.selectbox(key="formats.element").set_value(name).run()
        assert not page.exception, name
        bits = ELEMENTS[name].bits
        codes = next(table.value for table in page.dataframe if "bits" in table.value)
        assert len(codes) == min(2**bits, 256), name
        page.button(key=f"formats.bit.{name}.{bits - 1}").click().run()
        assert not page.exception, name


def test_a_flipped_bit_shows_the_value_of_the_new_code_and_a_typed_number_its_rounding(page):
    page.button(key="formats.bit.e2m1.2").click().run()
    assert any("`0x5` **3** = 1.5 × 2¹; below it 2, above it 4" in text.value for text in page.markdown)
    page.number_input(key="formats.number").set_value(2.4).run()
    words = [text.value for text in page.markdown]
    assert any("2.4 lies between 2 and 3. Nearest: **2** (error 16.67%)" in text for text in words)
    assert any("up with probability 0.4. Toward zero: 2." in text for text in words)
    assert any(text.startswith("`0x4` **2**") for text in words)
    page.number_input(key="formats.number").set_value(-100.0).run()
    assert any("−100 lies outside −6 to 6; with saturation it becomes **−6**" in t.value for t in page.markdown)


def test_an_uploaded_npy_is_quantized(page):
    x = np.random.default_rng(1).standard_normal((30, 70)).astype(np.float32)
    table = errors(upload(page, "mine.npy", npy(x)))
    assert table.loc["mxfp4", "mse"] == pytest.approx(trial(FORMATS["mxfp4"], x).errors.mse)
    assert any("mine.npy 2,100 values" in caption.value for caption in page.caption)


def test_a_tensor_of_an_uploaded_safetensors_file_can_be_chosen(page):
    tensors = {"a": torch.ones(4, 32), "b": torch.randn(8, 32, generator=torch.Generator().manual_seed(0)).bfloat16()}
    upload(page, "two.safetensors", safetensors.torch.save(tensors))
    page.selectbox(key="formats.tensor").set_value("b").run()
    expected = trial(FORMATS["nvfp4"], tensors["b"].float()).errors
    assert errors(page).loc["nvfp4", "sqnr_db"] == pytest.approx(expected.sqnr_db)


def test_of_a_large_upload_the_first_rows_are_studied_and_that_is_said(page, monkeypatch):
    monkeypatch.setattr("pages.ui.format_tensors.STUDIED", 2**14)
    upload(page, "large.npy", npy(np.random.default_rng(1).standard_normal((20, 1000)).astype(np.float16)))
    assert any("large.npy, the first 16,000 of 20,000 values" in caption.value for caption in page.caption)


BAD_UPLOADS = (
    ("text.npy", b"loss,n\n1,2\n", "text.npy is neither .npy nor .safetensors"),
    ("objects.npy", npy(np.array([{}], object), allow_pickle=True), "Python objects, which could run code"),
    ("cut.safetensors", safetensors.torch.save({"a": torch.ones(99)})[:-9], "not a readable safetensors file"),
    ("nan.npy", npy(np.float32([1, np.nan])), "holds 1 value that is not finite, the first is nan at index [0, 1]"),
    ("empty.npy", npy(np.zeros((0, 4))), "is empty"),
)


def test_bad_uploads_get_a_sentence_each_and_the_page_goes_on(page):
    for name, data, sentence in BAD_UPLOADS:
        upload(page, name, data)
        assert sentence in page.error[0].value, name
    page.button_group(key="formats.source").set_value("sample").run()
    assert not page.error
    assert list(errors(page).index) == DEFAULT


def test_an_all_zero_tensor_is_shown_without_a_ratio(page):
    upload(page, "zero.npy", npy(np.zeros((4, 64), np.float32)))
    assert errors(page)["mse"].eq(0).all()
