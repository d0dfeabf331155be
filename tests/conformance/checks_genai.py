"""google-genai, as its documentation uses it."""

import asyncio
import warnings

from google.genai import errors, types

from harness import LOCATION, MODEL, TRAIN, VALIDATION, each, raises, same, true, until

warnings.simplefilter("ignore")


def tune(clients, uri=TRAIN, **config):
    return clients.genai.tunings.tune(
        base_model=config.pop("base_model", MODEL),
        training_dataset=types.TuningDataset(gcs_uri=uri),
        config=types.CreateTuningJobConfig(**config),
    )


def check_tune_and_follow(clients):
    """tunings.tune returns at once, and tunings.get follows it to the end"""
    job = tune(
        clients,
        tuned_model_display_name="genai",
        epoch_count=2,
        adapter_size="ADAPTER_SIZE_FOUR",
        learning_rate_multiplier=0.5,
        validation_dataset=types.TuningValidationDataset(gcs_uri=VALIDATION),
    )
    true(not job.has_ended, job.state)
    job = until(lambda: ended(clients, job.name))
    true(job.has_succeeded, job.error)
    same(job.tuned_model_display_name, "genai")
    parameters = job.supervised_tuning_spec.hyper_parameters
    same((parameters.epoch_count, parameters.learning_rate_multiplier), (2, 0.5))
    same(parameters.adapter_size, types.AdapterSize.ADAPTER_SIZE_FOUR)
    true(job.tuned_model.endpoint and job.tuned_model.model, job.tuned_model)
    true(
        job.tuning_data_stats.supervised_tuning_data_stats.tuning_dataset_example_count == 320,
        "320 rows",
    )
    true(job.start_time <= job.end_time, "it starts before it ends")


def ended(clients, name):
    job = clients.genai.tunings.get(name=name)
    return job if job.has_ended else None


def check_list(clients):
    """tunings.list pages through every job"""
    started = {job.name for job in clients.started().values()}
    found = [job.name for job in clients.genai.tunings.list(config={"page_size": 2})]
    same(len(found), len(set(found)), "no job twice")
    true(started <= set(found), started - set(found))


def check_cancel(clients):
    """tunings.cancel stops a job, with CANCELLING on the way"""
    job = tune(clients)
    clients.genai.tunings.cancel(name=job.name)
    state = clients.genai.tunings.get(name=job.name).state
    true(state in ("JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"), state)
    job = until(lambda: ended(clients, job.name))
    same(job.state, types.JobState.JOB_STATE_CANCELLED)
    same(job.error.code, 1)


def check_preference_tuning(clients):
    """tunings.tune with method PREFERENCE_TUNING takes scored completions"""
    job = tune(
        clients,
        uri="gs://retune-samples/preferences/train.jsonl",
        method=types.TuningMethod.PREFERENCE_TUNING,
        epoch_count=1,
        beta=0.2,
    )
    job = until(lambda: ended(clients, job.name))
    true(job.has_succeeded, job.error)
    same(job.preference_optimization_spec.hyper_parameters.beta, 0.2)


def check_continuous_tuning(clients):
    """tunings.tune on a tuned model makes its next version"""
    parent = clients.finished("one-checkpoint").tuned_model.model
    job = tune(clients, base_model=parent, epoch_count=1)
    job = until(lambda: ended(clients, job.name))
    true(job.has_succeeded, job.error)
    same(job.pre_tuned_model.base_model, MODEL)
    same(job.tuned_model.model, parent.replace("@1", "@2"))


@each(
    unknown_model=({"base_model": "gemini-9"}, 400, "INVALID_ARGUMENT"),
    retired_model=({"base_model": "gemini-1.5-pro-002"}, 404, "NOT_FOUND"),
    adapter_size=({"adapter_size": "ADAPTER_SIZE_THIRTY_TWO"}, 400, "INVALID_ARGUMENT"),
    dataset=({"uri": "gs://retune-samples/none.jsonl"}, 400, "INVALID_ARGUMENT"),
)
def check_refused(clients, case):
    """tunings.tune raises ClientError"""
    fields, code, status = case
    with raises(errors.ClientError) as refused:
        tune(clients, **fields)
    same((refused.error.code, refused.error.status), (code, status))


def check_get_missing(clients):
    """tunings.get of a job that is not there raises a 404"""
    with raises(errors.ClientError, "404"):
        clients.genai.tunings.get(name=f"projects/1/locations/{LOCATION}/tuningJobs/1")


def check_generate(clients):
    """generate_content on a tuned endpoint answers as that model"""
    endpoint = clients.finished().tuned_model.endpoint
    answer = clients.genai.models.generate_content(model=endpoint, contents="Where is my parcel?")
    true("emulator" in answer.text and "Where is my parcel?" in answer.text, answer.text)
    usage = answer.usage_metadata
    parts = (usage.prompt_token_count, usage.candidates_token_count, usage.thoughts_token_count)
    same(usage.total_token_count, sum(part or 0 for part in parts))
    same(answer.candidates[0].finish_reason, types.FinishReason.STOP)


def check_generate_limit(clients):
    """generate_content stops at max_output_tokens"""
    answer = clients.genai.models.generate_content(
        model=clients.finished().tuned_model.endpoint,
        contents="Hello",
        config=types.GenerateContentConfig(max_output_tokens=5, temperature=0.2),
    )
    same(answer.candidates[0].finish_reason, types.FinishReason.MAX_TOKENS)


def check_generate_stream(clients):
    """generate_content_stream brings the same text in pieces"""
    arguments = {"model": clients.finished().tuned_model.endpoint, "contents": "Hello"}
    pieces = list(clients.genai.models.generate_content_stream(**arguments))
    whole = clients.genai.models.generate_content(**arguments)
    true(len(pieces) > 1, len(pieces))
    same("".join(piece.text for piece in pieces), whole.text)
    true(pieces[-1].usage_metadata.total_token_count > 0, "usage comes last")


def think(clients, limit=None, **thinking):
    config = types.GenerateContentConfig(
        max_output_tokens=limit, thinking_config=types.ThinkingConfig(**thinking)
    )
    endpoint = clients.finished().tuned_model.endpoint
    return clients.genai.models.generate_content(model=endpoint, contents="Hello", config=config)


def check_thinking(clients):
    """generate_content counts thoughts, and thinking_config turns them off"""
    freely, not_at_all = think(clients), think(clients, thinking_budget=0)
    true(freely.usage_metadata.thoughts_token_count > 0, freely.usage_metadata)
    true(not not_at_all.usage_metadata.thoughts_token_count, not_at_all.usage_metadata)
    same(freely.text, not_at_all.text)


def check_thinking_takes_all(clients):
    """generate_content has no text when thinking spends max_output_tokens"""
    answer = think(clients, limit=5)
    same(answer.candidates[0].finish_reason, types.FinishReason.MAX_TOKENS)
    same((answer.text, answer.usage_metadata.thoughts_token_count), (None, 5))


@each(
    level_before_gemini_3={"thinking_level": "LOW"},
    both={"thinking_level": "LOW", "thinking_budget": 1},
    too_much={"thinking_budget": 99_999},
)
def check_thinking_refused(clients, thinking):
    """generate_content refuses a thinking_config that the model does not take"""
    with raises(errors.ClientError, "400"):
        think(clients, **thinking)


def check_blocked(clients):
    """a blocked prompt has a block_reason and no candidate, whole and streamed"""
    arguments = {
        "model": clients.finished().tuned_model.endpoint,
        "contents": "emulator:blocked",
    }
    whole = clients.genai.models.generate_content(**arguments)
    pieces = list(clients.genai.models.generate_content_stream(**arguments))
    for answer in (whole, pieces[-1]):
        same(answer.prompt_feedback.block_reason, types.BlockedReason.PROHIBITED_CONTENT)
        same((answer.candidates, answer.text), (None, None))


@each(
    safety=("emulator:safety", types.FinishReason.SAFETY, True),
    recitation=("emulator:recitation", types.FinishReason.RECITATION, False),
    empty=("emulator:empty", types.FinishReason.STOP, False),
)
def check_no_answer(clients, case):
    """generate_content says why an answer stops"""
    prompt, reason, has_text = case
    endpoint = clients.finished().tuned_model.endpoint
    answer = clients.genai.models.generate_content(model=endpoint, contents=prompt)
    same((answer.candidates[0].finish_reason, bool(answer.text)), (reason, has_text))


def check_function_call(clients):
    """generate_content brings a function call without a text"""
    endpoint = clients.finished().tuned_model.endpoint
    answer = clients.genai.models.generate_content(model=endpoint, contents="emulator:call")
    same([call.name for call in answer.function_calls], ["look_up"])


def check_generate_async(clients):
    """the asynchronous client reads the same answers"""

    async def ask():
        answer = await clients.genai.aio.models.generate_content(
            model=clients.finished().tuned_model.endpoint, contents="Hello"
        )
        return answer.text

    true(asyncio.run(ask()), "a text")


def check_count_tokens(clients):
    """count_tokens counts more for more"""
    endpoint = clients.finished().tuned_model.endpoint
    count = lambda text: clients.genai.models.count_tokens(model=endpoint, contents=text)
    few, many = count("One."), count("One. " * 50)
    true(0 < few.total_tokens < many.total_tokens, (few, many))


def check_base_model(clients):
    """generate_content and count_tokens take base models too"""
    true(clients.genai.models.generate_content(model=MODEL, contents="Hello").text, "a text")
    true(clients.genai.models.count_tokens(model=MODEL, contents="Hello").total_tokens, "tokens")


def check_missing_endpoint(clients):
    """generate_content on an endpoint that is not there raises a 404"""
    with raises(errors.ClientError, "404"):
        clients.genai.models.generate_content(
            model=f"projects/{clients.project}/locations/{LOCATION}/endpoints/1", contents="Hello"
        )
