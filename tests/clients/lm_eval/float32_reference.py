"""Log-likelihoods of tokens under a GGUF model of the llama architecture, computed plainly: weights are dequantized to
float32, every product is a float32 matrix product of NumPy, nothing is cached. Slow, and short enough to check by eye."""

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize


class Llama:
    def __init__(self, path):
        reader = GGUFReader(path)
        self.weights = {t.name: dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors}
        field = lambda name: reader.fields[f"llama.{name}"].contents()
        self.layers = field("block_count")
        self.heads = field("attention.head_count")
        self.key_heads = field("attention.head_count_kv")
        self.epsilon = field("attention.layer_norm_rms_epsilon")
        self.rope_base = field("rope.freq_base")

    def normalize(self, x, name):
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + self.epsilon) * self.weights[name]

    def rotate(self, x):
        """Rotary positions (Su et al. 2021) over neighbouring pairs, as GGUF's llama weights are laid out for."""
        tokens, _, size = x.shape
        angles = np.outer(np.arange(tokens), self.rope_base ** (-np.arange(0, size, 2) / size))
        cosine, sine = np.cos(angles)[:, None, :], np.sin(angles)[:, None, :]
        even, odd = x[..., 0::2], x[..., 1::2]
        turned = np.empty_like(x)
        turned[..., 0::2], turned[..., 1::2] = even * cosine - odd * sine, even * sine + odd * cosine
        return turned

    def attend(self, x, layer):
        tokens = len(x)
        project = lambda name, heads: (x @ self.weights[f"blk.{layer}.{name}.weight"].T).reshape(tokens, heads, -1)
        query = self.rotate(project("attn_q", self.heads))
        shared_by = self.heads // self.key_heads
        key = np.repeat(self.rotate(project("attn_k", self.key_heads)), shared_by, axis=1)
        value = np.repeat(project("attn_v", self.key_heads), shared_by, axis=1)
        scores = np.einsum("qhd,khd->hqk", query, key) / np.sqrt(np.float32(query.shape[-1]))
        scores = np.where(np.tril(np.ones((tokens, tokens), bool)), scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", weights, value).reshape(tokens, -1)
        return mixed @ self.weights[f"blk.{layer}.attn_output.weight"].T

    def logits(self, ids):
        """`[tokens, vocabulary]`: after each token, what may follow."""
        x = self.weights["token_embd.weight"][ids]
        for layer in range(self.layers):
            weight = lambda name: self.weights[f"blk.{layer}.{name}.weight"].T
            x = x + self.attend(self.normalize(x, f"blk.{layer}.attn_norm.weight"), layer)
            y = self.normalize(x, f"blk.{layer}.ffn_norm.weight")
            gate = y @ weight("ffn_gate")
            x = x + (gate / (1 + np.exp(-gate)) * (y @ weight("ffn_up"))) @ weight("ffn_down")
        x = self.normalize(x, "output_norm.weight")
        return x @ self.weights.get("output.weight", self.weights["token_embd.weight"]).T

    def log_probabilities(self, ids):
        """`[tokens - 1]`: of each token but the first, given those before it."""
        logits = self.logits(ids[:-1]).astype(np.float64)
        logits -= logits.max(axis=-1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        return logits[np.arange(len(ids) - 1), ids[1:]]
