"""Numbers in memory: planes of bits, one file for many widths, narrower storage, products that need no multiplier."""

import numpy as np
import pytest

from analysis.formats import stored
from analysis.formats.double_rounding import double_rounding
from analysis.formats.elements import ELEMENTS

X = np.random.default_rng(0).standard_normal((16, 1024)).astype(np.float32)


@pytest.mark.row("R15")
def test_all_codes_of_six_bits_come_back_from_planes_of_4_and_2_bits_at_6_bits_each():
    frame = stored.planes_of_six_bits()
    assert (frame["back"] == frame["code"]).all()
    assert (frame["upper"] + frame["lower"] == frame["bits"]).all()
    assert set(8 * frame["bytes"] / len(frame)) == {6}


@pytest.mark.row("R17")
def test_one_file_of_8_bits_serves_widths_that_take_33_bits_apart():
    frame = stored.nested_widths(X).set_index("bits")
    assert list(frame.index) == [8, 7, 6, 5, 4, 3]
    assert set(frame["stored"]) == {8}
    assert frame["apart"].max() == 33
    assert frame.loc[8, "rounded_db"] == frame.loc[8, "cut_off_db"] == pytest.approx(frame.loc[8, "alone_db"])
    narrower = frame.loc[[6, 5, 4, 3]]
    assert (narrower["rounded_db"] > narrower["cut_off_db"]).all()


@pytest.mark.row("R16")
def test_bf16_holds_1e38_where_fp16_overflows_and_bytes_fall_two_and_four_times():
    frame = stored.narrow_storage(X).set_index("format")
    assert frame.loc["bf16", "of_1e38"] == pytest.approx(1e38, rel=2**-8)
    assert np.isinf(frame.loc["fp16", "of_1e38"])
    assert ELEMENTS["fp16"].max == 65504
    assert frame["fewer_bytes"].to_dict() == {
        name: 2 if ELEMENTS[name].bits == 16 else 4 for name in ("bf16", "fp16", "posit16", "posit8", "e5m2", "e4m3")
    }
    assert frame.loc["bf16", "table_bytes"] == 0


@pytest.mark.row("R18")
def test_a_shift_code_without_zero_holds_only_values_and_ternary_weights_take_additions_alone():
    frame = stored.work_of_a_weight(X).set_index("format")
    assert frame.loc["shift4", "nonzero"] == frame.loc["shift4", "codes"] == 2**4
    assert (frame.loc[["ternary", "pot4", "shift4"], "multiplies"] == 0).all()
    assert frame.loc["ternary", "shifts"] == 0
    assert 0.4 < frame.loc["ternary", "adds"] < 0.7  # about half of normal weights become zero
    assert (frame["multiplies"] + frame["shifts"] <= frame["adds"]).all()


def test_the_table_of_detours_is_that_of_rounding_twice():
    frame = stored.detours(X)
    row = frame[(frame["format"] == "e4m3") & (frame["through"] == "bf16")].iloc[0]
    scaled = X.astype(np.float64) * (448 / float(np.abs(X).max()))
    found = double_rounding(scaled, ELEMENTS["bf16"], ELEMENTS["e4m3"])
    assert (row["changed"], row["twice_db"]) == (found.changed, found.twice.sqnr_db)
    assert (frame["twice_db"] <= frame["direct_db"]).all()


@pytest.mark.row("R22")
def test_a_million_copies_rounded_at_random_average_the_number_and_positions_alone_decide():
    mean, error, same = stored.rounded_at_random("e2m1", 0.3)
    assert abs(mean - 0.3) < 3 * error
    assert error == pytest.approx(np.sqrt(0.3 * 0.2) / 1000, rel=0.01)  # between 0 and 0.5
    assert same
