"""Whether compiled code multiplies in a format's own tensor instructions, read from PTX or AMD's assembly."""

from __future__ import annotations

import re
from collections.abc import Collection

from gpu_probe.kernels.kernel import Kernel
from gpu_probe.native import Evidence

# Tensor instruction -> the formats that it may be multiplying: the first row found in a line counts. tcgen05 states
# its operands in a descriptor, so that its 'kind' is all the text tells; Triton 3.7 writes scale_vec::2X and 4X where
# later versions write block32 and block16. Source: PTX ISA 9.0, sections on mma, wgmma and tcgen05.mma; AMD CDNA 3
# and 4 and RDNA 4 instruction set guides.
INSTRUCTIONS = (
    (r"kind::mxf4nvf4.*(block16|scale_vec::4X)", {"nvfp4"}),
    (r"kind::mxf4\b|kind::mxf4nvf4", {"mxfp4"}),
    (r"mma\.sync.*kind::mxf8f6f4.*e4m3\.e4m3\.f32\.ue8m0", {"mxfp8"}),
    (r"mma\.sync.*kind::mxf8f6f4.*e4m3\.e2m1\.f32\.ue8m0", {"w4a8"}),
    (r"tcgen05\.mma.*kind::mxf8f6f4", {"mxfp8", "w4a8"}),
    (r"tcgen05\.mma.*kind::f8f6f4", {"fp8", "fp8_int4"}),
    (r"tcgen05\.mma.*kind::i8", {"int8"}),
    (r"tcgen05\.mma.*kind::tf32", {"tf32"}),
    (r"tcgen05\.mma.*kind::f16", {"bf16", "fp16"}),
    (r"(wgmma\.mma_async|mma\.sync).*\.e4m3\.e4m3", {"fp8", "fp8_int4"}),
    (r"(wgmma\.mma_async|mma\.sync).*\.bf16\.bf16", {"bf16"}),
    (r"(wgmma\.mma_async|mma\.sync).*\.f16\.f16", {"fp16"}),
    (r"(wgmma\.mma_async|mma\.sync).*\.s8\.s8", {"int8"}),
    (r"(wgmma\.mma_async|mma\.sync).*\.tf32\.tf32", {"tf32"}),
    (r"(wgmma\.mma_async|mma\.sync|tcgen05\.mma\.)", {"another format"}),
    (r"v_mfma_scale_f32_\w*f8f6f4.*cbsz:4.*blgp:4", {"mxfp4"}),
    (r"v_mfma_scale_f32_\w*f8f6f4.*(cbsz|blgp):4", {"w4a8"}),
    (r"v_mfma_scale_f32_\w*f8f6f4", {"mxfp8"}),
    (r"v_(mfma|wmma)_f32_\w*(f8f6f4|fp8_fp8)", {"fp8", "fp8_int4"}),
    (r"v_(mfma|wmma)_i32_\w*i8", {"int8"}),
    (r"v_(mfma|wmma)_f32_\w*bf16", {"bf16"}),
    (r"v_(mfma|wmma)_f32_\w*f16", {"fp16"}),
    (r"v_(mfma|wmma)_", {"another format"}),
)
WEIGHTS_ONLY = ("vector", "int4 weights")  # kinds of programs
# A load that takes at least eight bytes of weights at once; what decoding is bound by.
WIDE_LOAD = (
    r"ld\.global\S*\.v[24]\.b(32|64)|ld\.global\S*\.v[248]\.[bu]\d+|ld\.global\S*\.b64"
    r"|cp\.async\.c[ag]\.shared\.global(?=[^\n]*, 0x(8|10)\b)|(global|buffer)_load_(dwordx[24]|b(64|128))"
)


def judge_code(kernel: Kernel, code: str) -> Evidence:
    """The verdict on the assembly text that a kernel of ours was compiled to.

    A product is native when every tensor instruction may be its format's. A kernel that only stores its weights in
    few bits is native when it loads them as the few bits that they are, widely: it then multiplies in bfloat16, or
    for one token without tensor instructions.
    """
    found = tensor_instructions(code)
    if kernel.program is not None and kernel.program.kind in WEIGHTS_ONLY:
        return _of_weights({name for name, formats in found.items() if "bf16" not in formats}, found, code)
    told = f"compiled to {', '.join(found)}" if found else "compiled to no tensor instruction"
    if not found:
        return Evidence(False, f"emulated: {told}")
    others = sorted({" or ".join(sorted(formats)) for formats in found.values() if kernel.format not in formats})
    if others:
        return Evidence(False, f"emulated: {told}, which multiplies in {' and '.join(others)}")
    return Evidence(True, f"native: {told}")


def tensor_instructions(code: str) -> dict[str, set[str]]:
    """Each tensor instruction in the text, without operands, and the formats that it may be multiplying."""
    found: dict[str, set[str]] = {}
    for line in code.splitlines():
        for pattern, formats in INSTRUCTIONS:
            if re.search(pattern, line):
                found[_short(line)] = formats
                break
    return found


def _of_weights(others: set[str], found: Collection[str], code: str) -> Evidence:
    products = "in bfloat16" if found else "in float32"
    meaning = f"weights are read in their own bits and widened in registers; the product itself is {products}"
    if others:
        return Evidence(False, f"emulated: compiled to {', '.join(sorted(others))}")
    loads = sorted({match[0] for match in re.finditer(WIDE_LOAD, code)})
    if not loads:
        return Evidence(None, "not known to be native: weights are not loaded in words of eight bytes or more")
    return Evidence(True, f"native: compiled to {', '.join(loads)}: {meaning}")


def _short(line: str) -> str:
    """The instruction of a line with, for AMD, the modifiers that name its operands' types."""
    name = re.search(r"\S*(mma|mfma)\S*", line)
    modifiers = re.findall(r"\b(?:cbsz|blgp):\d", line)
    return " ".join((name[0].rstrip(";,") if name else line.strip(), *modifiers))
