"""The domains that laws belong to, with what is published of each where no law has coefficients."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """What papers of a domain say: their ids, a sentence, and the general forms that their points are fitted with."""

    sources: tuple[str, ...]
    sentence: str
    general: tuple[str, ...] = ()


DOMAINS = {
    "language models": Domain((), "Loss by size, data, compute and precision: the laws that plans stand on."),
    "translation": Domain(
        ("nmt_scaling_2021", "multilingual_nmt_scaling_2023", "downstream_scaling_2024"),
        "Encoder and decoder pay with exponents of their own; a mixture of languages moves the multiplier only. No "
        "published coefficients: fit your own points.",
    ),
    "time series": Domain(
        ("tsfm_scaling_2024",),
        "The log-likelihood is near a power law of parameters, compute and data, within and outside of the training "
        "distribution; encoders scale better than decoders. No published coefficients.",
        ("power_law:n_params", "power_law:n_tokens", "power_law:flops"),
    ),
    "images": Domain(
        ("patch_scaling_2025", "t2i_scalability_2024", "fast_model_scaling_2021", "tinynet_2020", "resnet_rs_2021"),
        "Smaller patches keep paying down to single pixels; convolutional networks grow by strategies of depth, width "
        "and resolution (planner, Image networks). No published coefficients.",
        ("power_law:image_tokens", "power_law:n_params", "power_law:flops"),
    ),
    "vision and language": Domain(
        ("florenz_2025",),
        "Captions in languages seen only in translation follow a law of size and samples seen. No published "
        "coefficients.",
        ("power_law:n_params", "power_law:n_tokens", "chinchilla"),
    ),
    "video and image tokens": Domain(
        ("vitok_2025",),
        "Auto-encoders of images and videos: cheaper ones reconstruct as well. No published law or coefficients.",
        ("power_law:image_tokens", "power_law:flops"),
    ),
    "recommendation": Domain(
        ("hstu_2024",),
        "The quality of a generative recommender is a power law of training compute over three decades. No published "
        "coefficients.",
        ("power_law:flops", "power_law:n_params"),
    ),
    "atoms": Domain(
        ("escaip_2024",),
        "Interatomic potentials improve with size as other networks do. No published law or coefficients.",
        ("power_law:n_params", "power_law:flops"),
    ),
    "answering": Domain(
        ("llm_monkeys_2024", "inference_flaws_2024", "kinetics_2025", "ttspm_2025"),
        "What samples, checks and long answers solve and cost (planner, Test time).",
    ),
    "reinforcement learning": Domain(
        ("scalerl_2025", "rl_posttrain_scaling_2025"),
        "Pass rates by compute: a sigmoid with a ceiling, and exponents that grow with size, 0.5B to 72B.",
    ),
}
