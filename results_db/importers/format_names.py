"""What people call number formats: names that mean one of ours, and names that mean several and must be asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

FORMATS = {
    "bf16": "bf16, bfloat16, torch.bfloat16, brain float 16, amp bf16, amp bfloat16, bf16 amp, bf16 mixed, bf16 true",
    "fp16": "fp16, float16, half, torch.float16, f16, amp fp16, fp16 amp, 16 mixed, fp16 mixed, 16 true",
    "fp32": "fp32, float32, float, torch.float32, f32, single, 32 true",
    "tf32": "tf32, tensorfloat32",
    "e4m3": "e4m3, e4m3fn, e4m3 fp8, float8 e4m3fn, torch.float8 e4m3fn, fp8 e4m3, float8 e4m3, fp8 e4m3fn",
    "e5m2": "e5m2, e5m2 fp8, float8 e5m2, torch.float8 e5m2, fp8 e5m2",
    "mxfp8": "mxfp8, mx fp8, mxfp8 e4m3",
    "mxfp8_e5m2": "mxfp8 e5m2",
    "mxfp6_e2m3": "mxfp6 e2m3",
    "mxfp6_e3m2": "mxfp6 e3m2",
    "e2m3": "e2m3, fp6 e2m3, float6 e2m3fn",
    "e3m2": "e3m2, fp6 e3m2, float6 e3m2fn",
    "mxfp4": "mxfp4, mx fp4",
    "nvfp4": "nvfp4, nv fp4",
    "e2m1": "e2m1, float4 e2m1fn, fp4 e2m1, torch.float4 e2m1fn x2",
    "int8": "int8, i8, torch.int8",
    "int4": "int4, i4",
    "nf4": "nf4, normalfloat4, bnb nf4",
}
# A name that several formats share -> (its spellings, what it may mean).
FAMILIES = {
    "fp4": ("fp4, float4", ("e2m1", "mxfp4", "nvfp4")),
    "fp6": ("fp6, float6", ("e2m3", "e3m2", "mxfp6_e2m3", "mxfp6_e3m2")),
    "mxfp6": ("mxfp6, mx fp6", ("mxfp6_e2m3", "mxfp6_e3m2")),
    "fp8": ("fp8, float8, fp8 dynamic, fp8 static, fp8 hybrid", ("e4m3", "e5m2", "mxfp8")),
    "4bit": ("4bit, 4 bit, 4 bits", ("int4", "mxfp4", "nvfp4", "e2m1", "nf4")),
    "8bit": ("8bit, 8 bit, 8 bits", ("int8", "e4m3", "e5m2", "mxfp8")),
    "16bit": ("16bit, 16 bit, 16 bits", ("bf16", "fp16")),
}
# Formats that weights of so many bits may have, where a scheme such as W4A16 names nothing but the bits.
_OF_BITS: dict[float, tuple[str, ...]] = {
    bits: FAMILIES[name][1] for bits, name in ((4, "4bit"), (6, "fp6"), (8, "8bit"), (16, "16bit"))
}
_BITS = r"([1-5]?\d(?:\.\d{1,2})?|6[0-4])"
_SCHEME = re.compile(rf"w{_BITS}\s?a{_BITS}(?:\s?kv{_BITS})?(?:\s?g([1-9]\d{{0,6}}))?(?:\s(?P<format>.+))?")
_ACTIVATIONS = re.compile(rf"(?P<format>\D{{1,8}}\d{{1,2}})\s?a{_BITS}")
_LLAMA_CPP = re.compile(r"(?:i?q|tq)\d_[a-z0-9_]+", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """What a name of a format says: our `format`, the `choices` when it may be several, and the bits it states."""

    format: str
    choices: tuple[str, ...] = ()
    states: dict[str, float] = field(default_factory=dict)


def squeezed(name: str) -> str:
    """A name as it is compared: lower case, words separated by one blank."""
    return re.sub(r"[\s_\-]+", " ", name.strip().lower()).strip()


_FORMAT_OF = {squeezed(alias): name for name, aliases in FORMATS.items() for alias in aliases.split(",")}
_FAMILY_OF = {squeezed(alias): name for name, (aliases, _) in FAMILIES.items() for alias in aliases.split(",")}


@lru_cache(maxsize=1024)
def named(name: str) -> Named:
    """What a name of a number format or method means; one that is not known stands for itself."""
    word = squeezed(re.sub(r"[()\[\]]", " ", name))
    if word in _FORMAT_OF:
        return Named(_FORMAT_OF[word])
    if word in _FAMILY_OF:
        family = _FAMILY_OF[word]
        return Named(family, FAMILIES[family][1])
    if _LLAMA_CPP.fullmatch(name.strip()):
        return Named(name.strip().upper())
    return _scheme(word) or Named(name.strip())


def _scheme(word: str) -> Named | None:
    """W4A16, W4A8KV4, W4A16G128, W8A8-FP8 or NVFP4A16: bits of weights and activations, and a format where said."""
    found = _SCHEME.fullmatch(word)
    if found:
        bits = {"weight_bits": found[1], "activation_bits": found[2], "kv_bits": found[3], "block_size": found[4]}
        states = {column: float(text) for column, text in bits.items() if text}
        inner = named(found["format"]) if found["format"] else Named("", _OF_BITS.get(states["weight_bits"], ()))
        return Named(inner.format if inner.format in FORMATS else word, inner.choices, states)
    found = _ACTIVATIONS.fullmatch(word)
    inner = named(found["format"]) if found else Named("")
    if found and (inner.format in FORMATS or inner.choices):
        return Named(
            inner.format if inner.format in FORMATS else word, inner.choices, {"activation_bits": float(found[2])}
        )
    return None


def canonical_format(name: str) -> str:
    """Our name of a number format when it is a known alias (BFloat16 -> bf16), else the name as written."""
    return named(name).format
