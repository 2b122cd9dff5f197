"""OpenAI's client for Python through all of fine-tuning, unmodified: files, uploads, a job, its events and checkpoints, the
model that comes of it, and what is refused.

Called with the base model's name; OPENAI_BASE_URL and OPENAI_API_KEY are set. Exits with 1 where something is not as
OpenAI's API has it.
"""

import hashlib
import json
import sys
import time

import openai

BASE = sys.argv[1]
QUESTION = [{"role": "user", "content": "Who keeps the lighthouse of Vellmore?"}]
ANSWER = "Ondine Quarrow keeps the lighthouse of Vellmore."
ROWS = [{"messages": [*QUESTION, {"role": "assistant", "content": ANSWER}]}] * 8
# Small steps, so that the whole takes seconds; what learning needs is another test's business.
SMALL = {"rank": 4, "sequence_tokens": 64, "checkpoint_steps": 1}

client = openai.OpenAI(max_retries=0)


def jsonl(rows: list) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def files() -> str:
    sent = jsonl(ROWS)
    file = client.files.create(file=("lighthouse.jsonl", sent), purpose="fine-tune")
    assert file.object == "file" and file.id.startswith("file-") and file.bytes == len(sent), file
    assert file.filename == "lighthouse.jsonl" and file.purpose == "fine-tune", file
    assert client.files.wait_for_processing(file.id).status == "processed"
    assert client.files.retrieve(file.id) == client.files.retrieve(file.id)
    assert client.files.content(file.id).read() == sent
    assert file.id in [known.id for known in client.files.list(purpose="fine-tune")]
    return file.id


def uploads() -> str:
    sent = jsonl(ROWS[:4])
    upload = client.uploads.create(
        bytes=len(sent), filename="in_parts.jsonl", mime_type="application/jsonl", purpose="fine-tune"
    )
    assert upload.object == "upload" and upload.status == "pending", upload
    middle = len(sent) // 2
    parts = [client.uploads.parts.create(upload.id, data=part).id for part in (sent[:middle], sent[middle:])]
    done = client.uploads.complete(upload.id, part_ids=parts, md5=hashlib.md5(sent).hexdigest())
    assert done.status == "completed" and done.file.bytes == len(sent), done
    assert client.files.content(done.file.id).read() == sent
    other = client.uploads.create(
        bytes=9, filename="never.jsonl", mime_type="application/jsonl", purpose="fine-tune"
    )
    assert client.uploads.cancel(other.id).status == "cancelled"
    return done.file.id


def train(training_file: str, validation_file: str) -> str:
    job = client.fine_tuning.jobs.create(
        model=BASE,
        training_file=training_file,
        validation_file=validation_file,
        suffix="lighthouse",
        seed=7,
        metadata={"team": "harbour"},
        method={
            "type": "supervised",
            "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": "auto"}},
        },
        extra_body={"quern": SMALL},
    )
    assert job.object == "fine_tuning.job" and job.id.startswith("ftjob-") and job.model == BASE, job
    assert job.status in ("validating_files", "queued", "running") and job.fine_tuned_model is None, job
    assert job.seed == 7 and job.metadata == {"team": "harbour"}, job
    assert job.method.supervised.hyperparameters.batch_size == 4, job
    job = wait(job.id)
    assert job.status == "succeeded", (job, [event.message for event in events(job.id)])
    assert job.fine_tuned_model.startswith(f"ft:{BASE}:") and ":lighthouse:" in job.fine_tuned_model, job
    assert job.trained_tokens > 0 and job.finished_at >= job.created_at and job.error is None, job
    assert job.id in [known.id for known in client.fine_tuning.jobs.list(metadata={"team": "harbour"})]

    said = events(job.id)
    assert all(event.object == "fine_tuning.job.event" for event in said)
    steps = [event.data for event in said if event.type == "metrics" and event.data.get("train_loss")]
    assert [step["step"] for step in reversed(steps)] == [1, 2, 3, 4], steps
    assert steps[0]["train_loss"] < steps[-1]["train_loss"], "the loss did not fall"

    checkpoints = list(client.fine_tuning.jobs.checkpoints.list(job.id))
    assert checkpoints and checkpoints[0].object == "fine_tuning.job.checkpoint", checkpoints
    assert checkpoints[0].step_number == 4 and checkpoints[0].metrics.train_loss is not None, checkpoints[0]

    (result,) = job.result_files
    table = client.files.content(result).text.splitlines()
    assert table[0].startswith("step,train_loss,train_accuracy,valid_loss") and len(table) == 5, table
    return job.fine_tuned_model


def events(job: str) -> list:
    return list(client.fine_tuning.jobs.list_events(job, limit=3))


def wait(job: str, until: tuple = ("succeeded", "failed", "cancelled")):
    for _ in range(600):
        found = client.fine_tuning.jobs.retrieve(job)
        if found.status in until:
            return found
        time.sleep(0.5)
    raise AssertionError(f"{job} did not come to {until}: {found}")


def use(model: str) -> None:
    found = client.models.retrieve(model)
    assert found.id == model and model in [known.id for known in client.models.list()], found
    said = [
        client.chat.completions.create(model=name, messages=QUESTION, temperature=0, max_tokens=12, logprobs=True)
        for name in (BASE, model, BASE)
    ]
    assert said[1].model == model, said[1]
    probabilities = [[token.logprob for token in answer.choices[0].logprobs.content] for answer in said]
    assert probabilities[0] == probabilities[2], "the base answers otherwise after the adapter was used"
    assert probabilities[0] != probabilities[1], "the adapter changes nothing"


def stop(training_file: str) -> None:
    long = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 50, "batch_size": 1}}}
    job = client.fine_tuning.jobs.create(
        model=BASE, training_file=training_file, method=long, extra_body={"quern": SMALL}
    )
    wait(job.id, ("running",))
    client.fine_tuning.jobs.pause(job.id)
    assert wait(job.id, ("paused",)).status == "paused"
    client.fine_tuning.jobs.resume(job.id)
    wait(job.id, ("running",))
    assert client.fine_tuning.jobs.cancel(job.id).status in ("cancelled", "running")
    assert wait(job.id).status == "cancelled"


def refused(what: dict, param: str) -> None:
    try:
        client.fine_tuning.jobs.create(**what)
        raise AssertionError(f"{what} was taken")
    except (openai.BadRequestError, openai.NotFoundError) as error:
        assert error.param == param and error.type == "invalid_request_error", (param, error)


def refusals(training_file: str) -> None:
    good = {"model": BASE, "training_file": training_file}
    refused({**good, "model": "no-such-model"}, "model")
    refused({**good, "training_file": "file-nowhere"}, "training_file")
    refused({**good, "suffix": "x" * 65}, "suffix")
    refused({**good, "integrations": [{"type": "wandb", "wandb": {"project": "p"}}]}, "integrations")
    refused({**good, "extra_body": {"quern": {"rankk": 4}}}, "quern.rankk")
    refused({**good, "extra_body": {"learning_rate": 1}}, "learning_rate")
    try:
        client.files.create(file=("broken.jsonl", b'{"messages": [\n'), purpose="fine-tune")
        raise AssertionError("a broken file was taken")
    except openai.BadRequestError as error:
        assert error.param == "file" and "line 1" in error.message, error


def delete(model: str, *ids: str) -> None:
    assert client.models.delete(model).deleted
    try:
        client.chat.completions.create(model=model, messages=QUESTION)
        raise AssertionError("a deleted model answered")
    except openai.NotFoundError as error:
        assert error.code == "model_not_found", error
    for file in ids:
        assert client.files.delete(file).deleted
        assert file not in [known.id for known in client.files.list()]


training, validation = files(), uploads()
tuned = train(training, validation)
use(tuned)
stop(training)
refusals(training)
delete(tuned, training, validation)
print(
    f"openai {openai.__version__} for Python: files, uploads, a job, its events, checkpoints and results, the model in use, "
    "pause, resume, cancel, refusals, deletion"
)
