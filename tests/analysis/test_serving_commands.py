"""python -m analysis memory and serve: the numbers of the page, from a config.json."""

import json

import pytest

GLM = {
    "hidden_size": 12288, "num_hidden_layers": 70, "num_attention_heads": 96, "intermediate_size": 32768,
    "vocab_size": 150528, "tie_word_embeddings": True,
}  # fmt: skip
LLAMA = {
    "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "intermediate_size": 14336, "vocab_size": 128256,
}  # fmt: skip
H100 = ("--memory-gb", 80, "--rates", "bf16=989.4,fp8=1978.9", "--bandwidth", 3350)


@pytest.fixture
def config(tmp_path):
    """config(document) -> the path of a config.json."""

    def write(document):
        path = tmp_path / "config.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


def test_glm_130b_fits_in_int4_and_not_in_16_bits(call, config):
    """Source: GLM-130B, arXiv 2210.02414, abstract."""
    path, card = config(GLM), ("--memory-gb", 24, "--devices", 4, "--context", 2048, "--json")
    for weights, fits, size in (("int4", True, 64.35), ("fp16", False, 257.4)):
        code, out, _ = call("memory", path, "--weights", weights, *card)
        document = json.loads(out)
        assert code == 0
        assert document["fits"] is fits
        assert document["gb"]["weights"] == pytest.approx(size, rel=1e-3)
    assert document["most_sequences"] == document["longest_context"] == 0


def test_memory_answers_in_words_too(call, config):
    code, out, _ = call("memory", config(LLAMA), "--weights", "nvfp4", "--memory-gb", 80)
    assert code == 0
    assert out.startswith("fits: ")
    assert "sequences of 8,192 tokens" in out


def test_serve_gives_tokens_per_second_and_their_cost(call, config):
    code, out, _ = call("serve", config(LLAMA), *H100, "--usd-per-hour", 3, "--json")
    document = json.loads(out)
    assert code == 0
    last = document["sweep"][-1]
    assert last["sequences"] == document["most_sequences"] > 100
    assert last["usd_per_million"] == pytest.approx(3e6 / 3600 / last["tokens_per_s"])
    assert document["sweep"][0]["step_s"] == pytest.approx(2 * 7.505e9 / 3.35e12, rel=0.02)
    _, half, _ = call("serve", config(LLAMA), *H100, "--reach", 0.5, "--json")
    assert json.loads(half)["sweep"][0]["step_s"] == pytest.approx(2 * document["sweep"][0]["step_s"])
    first = document["patterns"][0]
    assert (first["pattern"], first["scheme"], first["over_base"]) == ("one request at a time", "bf16", 1.0)
    split = [call("serve", config(LLAMA), *H100, "--devices", 2, *link, "--json") for link in ((), ("--link", 0.001))]
    steps = [json.loads(out)["sweep"][0] for _, out, _ in split]
    assert (steps[0]["bound"], steps[1]["bound"]) == ("memory", "links")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("memory", "CONFIG", "--weights", "fp4", "--memory-gb", "80"), 2, "did you mean e2m1, mxfp4 or nvfp4?"),
        (("memory", "CONFIG", "--memory-gb", "-1"), 2, "'-1' is not a finite number above 0"),
        (("memory", "nothing.json", "--memory-gb", "80"), 1, "nothing.json cannot be read"),
        (("serve", "CONFIG", *map(str, H100), "--reach", "2"), 2, "'2' is more than the ceilings"),
        (("serve", "CONFIG", "--memory-gb", "8", "--rates", "bf16=1", "--bandwidth", "1"), 1, "does not fit"),
        (("serve", "CONFIG", "--memory-gb", "8", "--rates", "x=1", "--bandwidth", "1"), 2, "'x=1' names no rates"),
    ],
)
def test_a_bad_call_or_file_is_told_in_a_sentence(call, config, arguments, code, sentence):
    path = str(config(LLAMA))
    found, _, err = call(*(path if word == "CONFIG" else word for word in arguments))
    assert found == code
    assert sentence in err


@pytest.mark.parametrize("text", ["{", "[]", '{"hidden_size": 0}'])
def test_a_config_that_is_none_is_told_in_a_sentence(call, config, text):
    code, out, err = call("memory", config(text), "--memory-gb", "80")
    assert (code, out) == (1, "")
    assert err.startswith("memory: ")
    assert "Traceback" not in err
