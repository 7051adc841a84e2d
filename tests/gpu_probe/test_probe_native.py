"""A kernel that ran is not a format's hardware that ran: silent emulation is recognized by what really ran."""

from __future__ import annotations

import os

import pytest
import torch

from gpu_probe.kernels import KERNELS
from gpu_probe.native import LONGEST_NAME, judge, multiplies
from gpu_probe.ran import names_of_what_runs, parse_verbose
from gpu_probe.recorded import recorded

# Names of GPU kernels in public profiler traces (issues and write-ups), and the operands that they multiply.
TRACED = {
    "nvjet_tst_128x256_64x4_1x2_h_bz_coopA_TNT": "bf16",
    "nvjet_tss_64x8_64x16_2x1_v_bz_splitK_TNT": "bf16",
    "nvjet_sm100_tst_256x128_64x5_2x2_2cta_h_bz_TNT": "bf16",
    "sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64_warpgroupsize1x1x1_execute_segment_k_off": "bf16",
    "ampere_bf16_s16816gemm_bf16_64x64_sliced1x2_ldg8_f2f_stages_64x5_nn": "bf16",
    "void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_128x64_64x4_tn_align8>(T1::Params)": "bf16",
    "void cutlass::Kernel2<cutlass_80_wmma_tensorop_bf16_s161616gemm_bf16_32x32_128x2_nn_align8>": "bf16",
    "ampere_s1688gemm_bf16_128x128_ldg8_stages_32x1_nn": "bf16",
    "Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV_UserArgs_MT256x256x64_MI16x16x1_SN_LDSB1": "bf16",
    "nvjet_hsh_256x128_64x4_1x2_h_bz_coopA_NNT": "fp16",
    "nvjet_sm90_hss_320x128": "fp16",
    "ampere_fp16_s16816gemm_fp16_128x128_ldg8_f2f_stages_64x3_tn": "fp16",
    "ampere_fp16_s1688gemm_fp16_128x128_ldg8_f2f_stages_32x1_tn": "fp16",
    "ampere_h16816gemm_128x128_ldg8_stages_64x3_tn": "fp16",
    "turing_h1688gemm_128x128_ldg8_nn": "fp16",
    "cutlass_80_tensorop_f16_s16816gemm_relu_f16_256x128_32x3_tn_align8": "fp16",
    "Cijk_Ailk_Bljk_HHS_BH_MT128x128x32_MI32x32x8": "fp16",
    "sm80_xmma_gemm_f32f32_f32f32_f32_tn_n_tilesize128x128x8_stage3_ffma": "fp32",
    "ampere_sgemm_128x64_tn": "fp32",
    "cutlass3x_sm100_simt_sgemm_f32_f32_f32_f32_f32_64x64x16_1x1x1_3_tnn_align1_bias_f32_relu": "fp32",
    "sm90_xmma_gemm_f32f32_tf32f32_f32_tn_n_tilesize128x128x32_warpgroupsize1x1x1": "tf32",
    "ampere_s1688gemm_128x128_ldg8_stages_32x1_tn": "tf32",
    "cutlass_80_tensorop_s1688gemm_tf32_256x128_16x3_nt_align4": "tf32",
    "nvjet_sss_tf32_128x256_TNT": "tf32",
    "nvjet_qqtst_128x256_128x6_2x1_2cta_v_bz_TNT": "fp8",
    "nvjet_sm100_qqtst_128x256_128x6_2x1_2cta_v_bz_bias_TNT": "fp8",
    "sm89_xmma_gemm_e4m3bf16_e4m3f32_f32_tn_n_tilesize128x64x64_stage4_warpsize2x2x1_tensor16x8x32": "fp8",
    "Cijk_Alik_Bljk_F8BS_BH_Bias_HA_S_SAB_SAV_UserArgs_MT256": "fp8",
    "nvjet_qqtst_128x256_128x6_2x2_2cta_h_bz_Avec32UE8M0_Bvec32UE8M0_TNT": "mxfp8",
    "cutlass3x_sm120_bstensorop_s16832gemm_block_scaled_ue8m0xe4m3_ue8m0xe4m3_f32_bf16_bf16_128x128x128": "mxfp8",
    "nvjet_sm100_ootst_128x128_256x7_4x1_2cta_v_bx_Avec16UE4M3_Bvec16UE4M3_TNT": "nvfp4",
    "nvjet_sm103_oohsh_128x128_256x7_2x2_2cta_v_bz_Avec16UE4M3_Bvec16UE4M3_TNT": "nvfp4",
    "cutlass3x_sm100_bstensorop_s256x256x64gemm_block_scaled_ue4m3xf4_ue4m3xf4_f32_bf16_bf16_256x256x256": "nvfp4",
    "cutlass3x_sm120_bstensorop_s16864gemm_block_scaled_ue4m3xe2m1_ue4m3xe2m1_f32_bf16_bf16_128x128x256": "nvfp4",
    "cutlass3x_sm100_bstensorop_gemm_ue8m0xe2m1_ue8m0xe2m1_f32_f16_f16": "mxfp4",
    "void cutlass::Kernel2<cutlass_80_tensorop_i16832gemm_s8_128x64_128x3_tn_align16>()": "int8",
    "cutlass_80_wmma_tensorop_i161616gemm_s8_forwardCompat_128x128_32x2_tn_align4": "int8",
    "sm90_xmma_gemm_i8i32_i8i32_i32_tn_n_tilesize256x128x128_warpgroupsize2x1x1_execute_segment_k_off": "int8",
    "turing_int8_i8816gemm_int8_256x128_ldg16_relu_mods_nt": "int8",
    "Cijk_Alik_Bljk_I8BH_HAI_SAV_UserArgs_MT32x96x256_MI16x16x1_SN_LDSB1": "int8",
    "void at::native::tinygemm_m16n8k16_chunk_kernel<at::native::ALayout_RM, at::native::BLayout_TC_int4<8, 128>>": (
        "int4"
    ),
    "void cutlass::Kernel2<cutlass_80_simt_igemm_s8_64x64_8x5_tn_align1>": "scalar units",
    # Helpers, and names that do not tell.
    "void at::native::vectorized_elementwise_kernel<4, at::native::float8_copy_kernel_cuda(float) (Float8_e4m3fn)>": "",
    "void at::native::elementwise_kernel<128, 4, at::native::bfloat16_copy_kernel_cuda>": "",
    "void cublasLt::splitKreduce_kernel<32, 16, int, float, __nv_bfloat16, float, __nv_bfloat16>": "",
    "std::enable_if<!(false), void>::type internal::gemvx::kernel<int, int, __nv_bfloat16, __nv_bfloat16>": "",
    "nvjet_sm100_sss_128x256_64x4": "",
    "Memcpy DtoD (Device -> Device)": "",
}


@pytest.mark.parametrize("name", TRACED)
def test_a_gpu_kernel_name_tells_its_operands(name):
    assert multiplies(name) == TRACED[name]


GPU_PRODUCTS = [
    name for name, kernel in KERNELS.items() if "cuda" in kernel.runs_on and kernel.is_product and not kernel.program
]


@pytest.mark.parametrize("name", GPU_PRODUCTS)
def test_every_gpu_kernel_can_be_recognized_and_every_other_format_is_emulation(name):
    kernel, device = KERNELS[name], recorded("sm_100")
    own = [traced for traced, known in TRACED.items() if known == kernel.format]
    assert own, f"no recorded name shows {kernel.format} at work"
    for traced in own:
        assert judge(kernel, [traced], device).native is True, traced
    for traced, known in TRACED.items():
        if known not in ("", kernel.format):
            found = judge(kernel, [traced], device)
            assert found.native is False, f"{name}: {traced}"
            assert known in found.sentence


SILENT = {
    "FP8 widened to bf16 by a cast whose name says e4m3": (
        "mm_fp8",
        ("void at::native::vectorized_elementwise_kernel<4, float8_copy_kernel_cuda(c10::Float8_e4m3fn)>",
         "nvjet_tst_128x256_64x4_1x2_h_bz_coopA_TNT"),
    ),
    "NVFP4 whose block scales are e4m3, multiplied in bf16": (
        "mm_nvfp4", ("void at::native::unrolled_elementwise_kernel<e2m1, ue4m3>", "ampere_bf16_s16816gemm_bf16_64x64"),
    ),
    "MXFP4 as f16 tensor cores, as on a tile too small": ("mm_mxfp4", ("nvjet_sm100_hsh_256x128",)),
    "MXFP8 as bf16 tensor cores, as on sm_90": ("mm_mxfp8", ("nvjet_tst_192x192_64x3_2x1_v_bz_coopB_TNN",)),
    "plain FP8 where block scales were asked for": ("mm_mxfp8", ("nvjet_qqtst_128x256_128x6_2x1_2cta_v_bz_TNT",)),
    "MXFP4 where NVFP4 was asked for": ("mm_nvfp4", ("cutlass3x_sm100_bstensorop_gemm_ue8m0xe2m1_ue8m0xe2m1_f32",)),
    "int8 dequantized to bf16": ("mm_int8", ("ampere_s1688gemm_bf16_128x128_ldg8_stages_32x1_nn",)),
    "int8 without tensor cores": ("mm_int8", ("cutlass_80_simt_igemm_s8_64x64_8x5_tn_align1",)),
    "bf16 without tensor cores, as for rows that are not aligned": (
        "mm_bf16", ("void cutlass::Kernel2<cutlass_80_simt_sgemm_128x256_8x4_tn_align1>",),
    ),
    "fp16 stored, float32 multiplied": ("mm_fp16", ("volta_fp16_sgemm_fp16_128x64_nn",)),
    "float32 in TF32": ("mm_fp32", ("sm90_xmma_gemm_f32f32_tf32f32_f32_tn_n_tilesize128x128x32",)),
    "TF32 in float32": ("mm_tf32", ("ampere_sgemm_128x64_tn",)),
    "int4 weights widened first": ("mm_int4_weight", ("nvjet_tst_128x16_64x11_2x1_v_bz_TNT",)),
    "one native product and one that is not": (
        "mm_fp8", ("nvjet_qqtst_128x256_128x6", "nvjet_tst_128x256_64x4"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SILENT)
def test_silent_emulation_on_a_gpu_is_called_by_its_name(case):
    name, ran = SILENT[case]
    found = judge(KERNELS[name], ran, recorded("sm_90"))
    assert found.native is False, found
    assert found.sentence.startswith("emulated: ran ")


def test_a_gpu_name_that_does_not_tell_is_not_known_rather_than_native():
    for ran in ((), ("nvjet_sm100_sss_128x256",), ("void at::native::vectorized_elementwise_kernel<4>",)):
        found = judge(KERNELS["mm_fp32"], ran, recorded("sm_100"))
        assert found.native is None
        assert found.sentence.startswith("not known to be native: ")


def test_a_copy_has_no_arithmetic_to_judge():
    assert judge(KERNELS["copy_bandwidth"], ("Memcpy DtoD",), recorded("sm_90")).native is None


def test_a_long_name_is_cut_in_the_sentence_and_read_whole():
    name = "void cutlass::device_kernel<" + "x" * 400 + "cutlass_80_simt_sgemm_64x64>"
    found = judge(KERNELS["mm_bf16"], (name,), recorded("sm_90"))
    assert found.native is False
    assert name[:LONGEST_NAME] in found.sentence
    assert len(found.sentence) < 300


ONEDNN = "oneDNN matmul brg_matmul:{} (src:{} wei:{} dst:{})"
# Kernel, recorded CPU, what ran there, and the verdict: the measured table of which CPU calls are real.
CPU_VERDICTS = [
    ("mm_fp32", "cpu", "MKL SGEMM", True),
    ("mm_fp32", "cpu_arm", ONEDNN.format("acl", "f32", "f32", "f32"), True),
    ("mm_bf16", "cpu_avx512", ONEDNN.format("avx512_core_bf16", "bf16", "bf16", "bf16"), True),
    ("mm_bf16", "cpu_amx", ONEDNN.format("avx10_1_512_amx", "bf16", "bf16", "bf16"), True),
    ("mm_bf16", "cpu_amx", ONEDNN.format("avx512_core", "bf16", "bf16", "bf16"), False),
    ("mm_bf16", "cpu_amx", ONEDNN.format("avx10_1_512_amx", "f32", "f32", "f32"), False),
    ("mm_bf16", "cpu_amx", "MKL SGEMM", False),
    ("mm_bf16", "cpu", ONEDNN.format("avx2", "bf16", "bf16", "bf16"), False),
    ("mm_bf16", "cpu_avx512", "torch's own kernel, CPU dispatch AVX512", None),
    ("mm_fp16", "cpu_avx512", "torch's own kernel, CPU dispatch AVX512", False),
    ("mm_fp16", "cpu_amx", ONEDNN.format("avx10_1_512", "f16", "f16", "f16"), True),
    ("mm_fp16", "cpu_amx", "MKL SGEMM", False),
    ("mm_fp16", "cpu_arm", "torch's own kernel, CPU dispatch SVE256", None),
    ("mm_int8", "cpu_avx512", "oneDNN gemm_api (src:s8 wei:s8 dst:s32)", True),
    ("mm_int8", "cpu_amx", ONEDNN.format("avx512_core_amx", "s8", "s8", "s32"), True),
    ("mm_int8", "cpu_amx", "oneDNN gemm_api (src:f32 wei:f32 dst:f32)", False),
    ("mm_int8", "cpu", "oneDNN gemm_api (src:s8 wei:s8 dst:s32)", False),
    ("mm_int8", "cpu_avx512", "oneDNN matmul ref_int8:any (src:s8 wei:s8 dst:s32)", False),
    ("mm_fp8", "cpu_avx512", "MKL SGEMM", False),
    ("mm_fp8", "cpu_amx", "MKL SGEMM", False),
    ("mm_fp8", "cpu_amx", "torch's own kernel, CPU dispatch AVX512", False),
    ("mm_int4_weight", "cpu_avx512", "torch's own kernel, CPU dispatch AVX512", True),
    ("mm_int4_weight", "cpu_arm", "torch's own kernel, CPU dispatch DEFAULT", False),
    ("mm_int4_weight", "cpu_avx512", ONEDNN.format("avx512_core_bf16", "bf16", "bf16", "bf16"), False),
]


@pytest.mark.parametrize(("name", "arch", "ran", "native"), CPU_VERDICTS)
def test_what_ran_on_a_cpu_is_judged_with_its_evidence(name, arch, ran, native):
    found = judge(KERNELS[name], [ran], recorded(arch))
    assert found.native is native, found
    assert f"ran {ran}" in found.sentence
    assert found.sentence.startswith({True: "native: ", False: "emulated: ", None: "not known to be native: "}[native])


VERBOSE = """onednn_verbose,v1,info,oneDNN v3.12.0 (commit 1f1a29b)
onednn_verbose,v1,primitive,info,template:operation,engine,primitive,implementation,prop_kind,memory_descriptors
onednn_verbose,v1,primitive,create:cache_miss,cpu,matmul,brg_matmul:avx10_1_512_amx,undef,src:bf16::blocked:ab::f0 wei:bf16::b,,,32x128,1
onednn_verbose,v1,primitive,exec,cpu,reorder,jit:uni,undef,src:f32::blocked:ab::f0 dst:bf16::blocked:ab::f0,,,32x128,0.01
onednn_verbose,v1,primitive,exec,cpu,matmul,brg_matmul:avx10_1_512_amx,undef,src:bf16::blocked:ab::f0 wei:bf16::blocked:ba::f0 dst:bf16::blocked:ab::f0,attr-scratchpad:user,,32x128:128x64,0.0119
onednn_verbose,v1,1732.5,primitive,exec,cpu,matmul,brg_matmul:avx512_core_bf16,undef,src:bf16:a:blocked:ab::f0 wei:bf16:a:blocked:ba::f0 dst:f32:a:blocked:ab::f0,,,32x128:128x64,0.01
onednn_verbose,v1,primitive,exec,cpu,gemm_api,,undef,src_s8::blocked:ab:f0 wei_s8::blocked:ba:f0 dst_s32::blocked:ab:f0,,,32x128:128x64,8.80005
MKL_VERBOSE oneMKL 2024.0 Update 2 Product build 20240605 for Intel(R) 64 architecture
MKL_VERBOSE SGEMM(T,N,64,32,128,0x7ffc03637560,0x55c25ea1f880,128) 6.68ms CNR:OFF Dyn:1 FastMM:1 TID:0  NThr:2
MKL_VERBOSE SGEMM(T,N,64,32,128,0x7ffc03637560,0x55c25ea1f880,128) 6.61ms CNR:OFF Dyn:1 FastMM:1 TID:0  NThr:2
onednn_verbose,v1,primitive,exec,cpu,cut
"""  # noqa: E501


def test_the_libraries_output_is_read_to_products_and_their_types():
    assert parse_verbose(VERBOSE) == (
        "oneDNN matmul brg_matmul:avx10_1_512_amx (src:bf16 wei:bf16 dst:bf16)",
        "oneDNN matmul brg_matmul:avx512_core_bf16 (src:bf16 wei:bf16 dst:f32)",
        "oneDNN gemm_api (src:s8 wei:s8 dst:s32)",
        "MKL SGEMM",
    )
    assert parse_verbose("garbage\n\x00") == ()


def test_naming_what_runs_leaves_standard_output_as_it_was(capfd):
    names = names_of_what_runs(lambda: torch.mm(torch.ones(32, 64), torch.ones(64, 32)), recorded("cpu"))
    os.write(1, b"still here\n")
    assert len(names) == 1
    assert capfd.readouterr().out == "still here\n"
