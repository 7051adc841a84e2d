"""Number formats and block scaling schemes: value tables, and the generic verbs that work on every one of them."""

from analysis.formats.block import BlockFormat
from analysis.formats.error import Errors, measure, trial
from analysis.formats.fake import fake_quantize
from analysis.formats.format import Format, Quantized
from analysis.formats.groups import per_tensor
from analysis.formats.rounding import ROUNDINGS
from analysis.formats.table import FORMATS, get_format
from analysis.formats.transforms import TRANSFORMS, get_transform

__all__ = [
    "FORMATS",
    "ROUNDINGS",
    "TRANSFORMS",
    "BlockFormat",
    "Errors",
    "Format",
    "Quantized",
    "fake_quantize",
    "get_format",
    "get_transform",
    "measure",
    "per_tensor",
    "trial",
]
