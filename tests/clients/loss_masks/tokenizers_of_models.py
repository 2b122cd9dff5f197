"""The models' own tokenizers from packages that carry them, and as much of each vocabulary as some texts need."""

import glob
import json

import sentencepiece
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

SPACE = "\u2581"


class ModelTokenizer:
    """A tokenizer for the reference, and what Quern needs to know of it."""

    def __init__(self, tokenizer, begin, end, pre_tokenizer, adds_begin, adds_space_prefix=False):
        self.reference = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=begin, eos_token=end)
        self.pre_tokenizer = pre_tokenizer  # llama.cpp's name, or None for SentencePiece
        self.adds_begin = adds_begin
        self.adds_space_prefix = adds_space_prefix
        self.begin, self.end = begin, end
        described = json.loads(tokenizer.to_str())
        merges = described["model"]["merges"]
        self.merges = [tuple(merge) if isinstance(merge, list) else tuple(merge.split(" ")) for merge in merges]
        self.ranks = {merge: rank for rank, merge in enumerate(self.merges)}
        self.vocabulary = described["model"]["vocab"]
        self.added = {token["content"]: token["special"] for token in described["added_tokens"]}

    def merges_of(self, text):
        """The merges that make a token of its characters; it may not come to be one."""
        parts, used = list(text), []
        while True:
            ranked = [(self.ranks.get(pair, len(self.ranks)), at) for at, pair in enumerate(zip(parts, parts[1:]))]
            rank, at = min(ranked, default=(len(self.ranks), 0))
            if rank == len(self.ranks):
                return used, parts
            used.append(parts[at] + " " + parts[at + 1] if self.pre_tokenizer else parts[at] + parts[at + 1])
            parts[at : at + 2] = [parts[at] + parts[at + 1]]

    def needed_for(self, ids):
        """The vocabulary that makes the same tokens of texts whose tokens are `ids`, small enough to be kept, and the new
        id of each token. What merges within a token is what makes the token alone, so nothing else is needed."""
        spellings = {id: self.reference.convert_ids_to_tokens(id) for id in sorted(set(ids))}
        special = [text for text in self.added if self.added[text] or text in spellings.values()]
        texts, kinds, scores, merges = [], [], [], set()

        def take(text, kind, score=0.0):
            if text not in texts:
                texts.append(text), kinds.append(kind), scores.append(score)

        # Control tokens that are not in any text would only make the file long.
        for text in special:
            if text in spellings.values() or text in (self.begin, self.end):
                # As model files spell them, so that they are found in the text as it is.
                take(text, "control") if self.added[text] else take(text.replace(SPACE, " "), "user-defined")
        if self.pre_tokenizer:
            for text in sorted(pre_tokenizers.ByteLevel.alphabet()):
                take(text, "normal")
        else:
            for byte in range(256):
                take(f"<0x{byte:02X}>", "byte")
        for text in spellings.values():
            if text in texts or text in self.added:
                continue
            used, parts = self.merges_of(text)
            if len(parts) > 1:
                print(f"{text!r} is a token that its merges don't make")
            for character in text:
                take(character, "normal", -1e9)
            for merge in used:
                merges.add(merge)
        if self.pre_tokenizer:
            ordered = sorted(merges, key=lambda merge: self.ranks[tuple(merge.split(" "))])
            for merge in ordered:
                take(merge.replace(" ", ""), "normal")
        else:
            first_rank = {}
            for rank, (left, right) in enumerate(self.merges):
                first_rank.setdefault(left + right, rank)
            for text in sorted(merges, key=lambda text: first_rank[text]):
                take(text, "normal", -float(first_rank[text]))
            ordered = []
        vocabulary = {
            "pre_tokenizer": self.pre_tokenizer,
            "tokens": texts,
            "kinds": kinds,
            "merges": ordered,
            "scores": [] if self.pre_tokenizer else scores,
            "begin": texts.index(self.begin) if self.begin else None,
            "end": texts.index(self.end),
            "adds_begin": self.adds_begin,
            "adds_space_prefix": self.adds_space_prefix,
        }
        new_ids = {}
        for id, text in spellings.items():
            is_user_defined = self.added.get(text) is False
            new_ids[id] = texts.index(text.replace(SPACE, " ") if is_user_defined else text)
        return vocabulary, new_ids


def smollm2(folder):
    (path,) = glob.glob(f"{folder}/smollm2/**/*.gguf", recursive=True)
    fields = GGUFReader(path).fields
    texts = fields["tokenizer.ggml.tokens"].contents()
    kinds = fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    tokenizer = Tokenizer(BPE({text: id for id, text in enumerate(texts)}, merges))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    tokenizer.add_special_tokens([text for text, kind in zip(texts, kinds) if kind == 3])
    return ModelTokenizer(tokenizer, "<|im_start|>", "<|im_end|>", "smollm", adds_begin=False)


def from_npm(name, begin, end, pre_tokenizer, adds_begin):
    def load(folder):
        tokenizer = Tokenizer.from_file(f"{folder}/{name}/package/models/tokenizer.json")
        return ModelTokenizer(tokenizer, begin, end, pre_tokenizer, adds_begin)

    return load


def mistral(_folder):
    """Made from the SentencePiece model as transformers does it for Llama 2: every pair of tokens whose text together is a
    token merges, best score first, and a space stands before each text."""
    import mistral_common

    (path,) = glob.glob(f"{mistral_common.__path__[0]}/data/mistral_instruct_tokenizer_*.model.v3")
    model = sentencepiece.SentencePieceProcessor(model_file=path)
    ids = range(model.get_piece_size())
    vocabulary = {model.id_to_piece(id): id for id in ids}
    merges = []
    for piece, id in vocabulary.items():
        pairs = [(piece[:at], piece[at:]) for at in range(1, len(piece))]
        known = [pair for pair in pairs if pair[0] in vocabulary and pair[1] in vocabulary]
        known.sort(key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
        merges += [(model.get_score(id), pair) for pair in known]
    merges = [pair for _, pair in sorted(merges, key=lambda merge: -merge[0])]
    tokenizer = Tokenizer(BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    steps = [normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)]
    tokenizer.normalizer = normalizers.Sequence(steps)
    special = [model.id_to_piece(id) for id in ids if model.is_control(id) or model.is_unknown(id)]
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in special])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", vocabulary["<s>"])]
    )
    return ModelTokenizer(tokenizer, "<s>", "</s>", None, adds_begin=True, adds_space_prefix=True)


qwen3 = from_npm("qwen3", None, "<|im_end|>", "qwen2", False)
llama3_1 = from_npm("llama3_1", "<|begin_of_text|>", "<|eot_id|>", "llama-bpe", True)
gemma3 = from_npm("gemma3", "<bos>", "<end_of_turn>", None, True)
