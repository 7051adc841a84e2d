"""Many formats on one tensor: the survey's rows and the histograms over a format's grid."""

import numpy as np
import pytest

from analysis.formats import FORMATS
from analysis.formats.survey import SURVEYED, TENSOR_FORMATS, survey, usage


def test_a_survey_has_a_row_for_each_format_asked_for():
    x = np.random.default_rng(0).standard_normal((8, 128)).astype(np.float32)
    assert list(survey(x)["format"]) == list(SURVEYED)
    further = survey(x, ("nvfp4_46", "posit16"), scaled=False)
    assert list(further["format"]) == ["nvfp4_46", "posit16"]
    assert list(further["bits_per_element"]) == [FORMATS["nvfp4_46"].bits_per_element, 16]


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("name", TENSOR_FORMATS)
def test_histogram_and_grid_of_a_usage_have_one_unit(name, scaled):
    """Positive values, so that a grid in another unit or out of place would have another mean."""
    x = np.abs(np.random.default_rng(0).standard_normal((16, 256))).astype(np.float32).clip(0.01, 0.99)
    found = usage(x, name, scaled)
    widths, centers = np.diff(found.edges), (found.edges[:-1] + found.edges[1:]) / 2
    assert (found.density * widths).sum() + found.beyond == pytest.approx(1)
    assert found.share.sum() == pytest.approx(1)
    before, after = (found.density * widths * centers).sum(), (found.share * found.values).sum()
    assert abs(after - before) < 0.15 * found.edges[-1]
