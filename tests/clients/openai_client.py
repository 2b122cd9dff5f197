"""OpenAI's client for Python against a companion: models, chat, streams, usage, schemas, completions, embeddings, errors.

Called with the model's name; OPENAI_BASE_URL and OPENAI_API_KEY are set. Exits with 1 where something is not as
OpenAI's API has it.
"""

import json
import sys

import openai

MODEL = sys.argv[1]
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]

client = openai.OpenAI(max_retries=0)


def models() -> None:
    assert MODEL in [model.id for model in client.models.list()]
    model = client.models.retrieve(MODEL)
    assert model.id == MODEL and model.object == "model", model


def chat() -> str:
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, temperature=0, max_completion_tokens=40)
    assert answer.object == "chat.completion" and answer.id.startswith("chatcmpl-"), answer
    (choice,) = answer.choices
    assert choice.message.role == "assistant" and "Paris" in choice.message.content, choice
    assert choice.finish_reason == "stop", choice
    check_usage(answer.usage)
    return choice.message.content


def chat_stream(expected: str) -> None:
    stream = client.chat.completions.create(
        model=MODEL,
        messages=QUESTION,
        temperature=0,
        max_completion_tokens=40,
        stream=True,
        stream_options={"include_usage": True},
    )
    *chunks, last = list(stream)
    assert last.choices == [], last
    check_usage(last.usage)
    assert chunks[0].choices[0].delta.role == "assistant", chunks[0]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == expected, (text, expected)
    assert len(chunks) > 4, "a stream comes in pieces"
    assert chunks[-1].choices[0].finish_reason == "stop", chunks[-1]
    assert len({chunk.id for chunk in chunks}) == 1


def chat_limits() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, temperature=0, max_tokens=3)
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 3, answer
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, temperature=0, stop=["Paris"])
    assert answer.choices[0].finish_reason == "stop" and "Paris" not in answer.choices[0].message.content, answer
    one, two = (
        client.chat.completions.create(model=MODEL, messages=QUESTION, temperature=1.5, seed=7, max_tokens=12)
        for _ in range(2)
    )
    assert one.choices[0].message.content == two.choices[0].message.content, (one, two)


def leaving() -> None:
    stream = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Count to a thousand."}], max_tokens=2000, stream=True
    )
    next(iter(stream))
    stream.close()
    # The companion computes one answer at a time: this one comes because the other was given up.
    answer = client.with_options(timeout=60).chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=2)
    assert answer.usage.completion_tokens == 2, answer


def completions() -> None:
    prompt = "The capital of France is"
    answer = client.completions.create(model=MODEL, prompt=prompt, temperature=0, max_tokens=5)
    assert answer.object == "text_completion" and "Paris" in answer.choices[0].text, answer
    check_usage(answer.usage)
    stream = client.completions.create(model=MODEL, prompt=prompt, temperature=0, max_tokens=5, stream=True)
    text = "".join(chunk.choices[0].text for chunk in stream)
    assert text == answer.choices[0].text, (text, answer)


def schemas() -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}, "millions": {"type": "integer", "maximum": 99}},
        "required": ["city", "millions"],
        "additionalProperties": False,
    }
    named = {"name": "city", "schema": schema, "strict": True}
    for temperature in (0, 1):
        answer = client.chat.completions.create(
            model=MODEL,
            messages=QUESTION,
            temperature=temperature,
            seed=5,
            max_tokens=100,
            response_format={"type": "json_schema", "json_schema": named},
        )
        value = json.loads(answer.choices[0].message.content)
        assert answer.choices[0].finish_reason == "stop" and list(value) == ["city", "millions"], answer
        assert type(value["city"]) is str and type(value["millions"]) is int, value


def embeddings() -> None:
    texts = ["The cat sleeps on the sofa.", "A kitten naps on the couch.", "Interest rates rose by half a percent."]
    # The client asks for base64 and decodes it.
    answer = client.embeddings.create(model=MODEL, input=texts)
    assert [object.index for object in answer.data] == [0, 1, 2] and answer.usage.prompt_tokens > 10, answer
    cat, kitten, rates = (object.embedding for object in answer.data)
    assert abs(dot(cat, cat) - 1) < 1e-5 and dot(cat, kitten) > dot(cat, rates), (dot(cat, kitten), dot(cat, rates))
    as_floats = client.embeddings.create(model=MODEL, input=texts[0], encoding_format="float").data[0].embedding
    assert max(abs(a - b) for a, b in zip(cat, as_floats, strict=True)) < 1e-6, "base64 and numbers differ"


def dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def errors() -> None:
    try:
        client.chat.completions.create(model="no-such-model", messages=QUESTION)
        raise AssertionError("a model that is not there answered")
    except openai.NotFoundError as error:
        assert error.code == "model_not_found" and error.param == "model", error
        assert "no-such-model" in error.message, error
    try:
        client.chat.completions.create(model=MODEL, messages=QUESTION, temperature=9)
        raise AssertionError("temperature 9 was taken")
    except openai.BadRequestError as error:
        assert error.param == "temperature" and error.type == "invalid_request_error", error


def check_usage(usage: openai.types.CompletionUsage) -> None:
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0, usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, usage


models()
chat_stream(chat())
chat_limits()
leaving()
schemas()
completions()
embeddings()
errors()
print(
    f"openai {openai.__version__} for Python: models, chat, streams, limits, leaving, schemas, completions, embeddings, "
    "errors"
)
