"""What trl and transformers say is learned of each row."""

import json

from jinja2 import TemplateError
from trl.data_utils import _tokenize, common_prefix_length

import tokenizers_of_models

# Of each template: the tokenizer, and the template with generation marks that makes the same text.
TEMPLATES = {
    "smollm2": ("smollm2", "smollm2_marked"),
    "llama3": ("llama3_1", "llama3_marked"),
    "llama3_1": ("llama3_1", "llama3_1_marked"),
    "qwen3": ("qwen3", "qwen3_marked"),
    "qwen3_training": ("qwen3", "qwen3_training"),
    "gemma3": ("gemma3", "gemma3_marked"),
    "mistral": ("mistral", "mistral_marked"),
}


def runs(mask):
    """Where runs of learned tokens begin and end, in turn."""
    flat, before = [], 0
    for at, learned in enumerate(mask + [0]):
        if learned != before:
            flat.append(at)
        before = learned
    return flat


class Reference:
    def __init__(self, tokenizer, template, marked):
        self.tokenizer, self.template, self.marked = tokenizer, template, marked

    def ids(self, messages, tools, **options):
        return _tokenize(self.tokenizer, messages, chat_template=self.template, tools=tools, **options)["input_ids"]

    def conversation(self, messages, tools, first_learned=0):
        """Tokens and mask by `{% generation %}`, and how trl's other way compares: what follows a prompt is learned."""
        options = {"chat_template": self.template, "tools": tools}
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, **options)
        options["chat_template"] = self.marked
        marked_text = self.tokenizer.apply_chat_template(messages, tokenize=False, **options)
        assert text == marked_text, f"{text!r} is not {marked_text!r}"
        ids = self.ids(messages, tools)
        assistants = [at for at, message in enumerate(messages) if message["role"] == "assistant"]
        is_learned = [at >= first_learned and messages[at].get("weight") != 0 for at in assistants]
        mask = self.by_generation(messages, options, ids, is_learned)
        by_prefix = self.by_prefix(messages, tools, ids, mask, [at for at, it in zip(assistants, is_learned) if it])
        return {"text": text, "ids": ids, "learned": runs(mask), **by_prefix}

    def by_generation(self, messages, options, ids, is_learned):
        tokenized = _tokenize(self.tokenizer, messages, return_assistant_tokens_mask=True, **options)
        assert tokenized["input_ids"] == ids
        mask = tokenized["assistant_masks"]
        if all(is_learned):
            return mask
        # Neither library knows weights: the part of a message of weight 0, or of a prompt, is taken out.
        parts = runs(mask)
        parts = list(zip(parts[::2], parts[1::2]))
        assert len(parts) == len(is_learned), "a part for each answer"
        for (start, end), learned in zip(parts, is_learned):
            if not learned:
                mask[start:end] = [0] * (end - start)
        return mask

    def by_prefix(self, messages, tools, ids, mask, learned):
        """trl's way with a prompt and a completion, for every learned answer in turn."""
        counts = {"same": 0, "different": 0, "rewritten": 0, "refused": 0}
        for at in learned:
            try:
                prompt = self.ids(messages[:at], tools, add_generation_prompt=True)
                whole = self.ids(messages[: at + 1], tools)
            except (TemplateError, ValueError):  # such as no message at all
                counts["refused"] += 1
                continue
            start = common_prefix_length(prompt, whole)
            if start < len(prompt) or ids[: len(whole)] != whole:
                # trl warns that the mask is wrong then, or learns an answer that the conversation does not have.
                counts["rewritten"] += 1
            else:
                is_same = all(mask[start : len(whole)]) and not mask[start - 1]
                counts["same" if is_same else "different"] += 1
        return {"by_prefix": counts}

    def completion(self, prompt, completion):
        """trl's way with plain texts; `completion` ends with the end of sequence."""
        ids = _tokenize(self.tokenizer, prompt + completion)["input_ids"]
        start = common_prefix_length(_tokenize(self.tokenizer, prompt)["input_ids"], ids) if prompt else 0
        return {"text": prompt + completion, "ids": ids, "learned": [start, len(ids)]}

    def ended(self, text):
        end = self.tokenizer.eos_token
        return text if text.endswith(end) else text + end

    def row(self, row):
        tools = row.get("tools")
        if "messages" in row:
            return [self.conversation(row["messages"], tools)]
        if "text" in row:
            return [self.completion("", self.ended(row["text"]))]
        answers = [row[name] for name in ("chosen", "rejected", "completion") if name in row]
        if isinstance(row["prompt"], str):
            return [self.completion(row["prompt"], self.ended(answer)) for answer in answers]
        return [self.conversation(row["prompt"] + answer, tools, len(row["prompt"])) for answer in answers]


def expectations(name, folder, fixtures):
    tokenizer_name, marked_name = TEMPLATES[name]
    tokenizer = getattr(tokenizers_of_models, tokenizer_name)(folder)

    def template(name):
        with open(f"{fixtures}/templates/{name}.jinja", encoding="utf-8") as file:
            return file.read()

    reference = Reference(tokenizer.reference, template(name), template(marked_name))
    with open(f"{fixtures}/rows.jsonl", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    results, ids = [], []
    for row in rows:
        result = {"name": row["name"]}
        try:
            result["sequences"] = reference.row(row)
        except TemplateError as error:
            result["refused"] = str(error)
        for sequence in result.get("sequences", []):
            ids += sequence["ids"]
        results.append(result)
    vocabulary, new_ids = tokenizer.needed_for(ids)
    counts = {}
    for result in results:
        for sequence in result.get("sequences", []):
            sequence["ids"] = [new_ids[id] for id in sequence["ids"]]
            for what, count in sequence.get("by_prefix", {}).items():
                counts[what] = counts.get(what, 0) + count
    refused = sum("refused" in result for result in results)
    print(f"{name}: {len(results)} rows, {refused} refused; trl's prefixes: {counts}; {len(vocabulary['tokens'])} tokens")
    return {"template": name, "marked": marked_name, "vocabulary": vocabulary, "rows": results}
