"""From a job to its curves: MetadataServiceClient and TensorboardServiceClient."""

import math

from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1

from harness import PARENT, TRAIN, each, raises, same, true, until

CURVES = "gs://retune-samples/curves"

SUPERVISED = [
    "/train_total_loss",
    "/train_fraction_of_correct_next_step_preds",
    "/train_num_predictions",
    "/eval_total_loss",
    "/eval_fraction_of_correct_next_step_preds",
    "/eval_num_predictions",
]


def board_of(clients, experiment):
    return clients.metadata.get_context(name=experiment).metadata["backing_tensorboard_resource"]


def run_of(clients, experiment):
    """The run on the TensorBoard, found as Google's SDK finds it."""
    contexts, _, experiment_id = experiment.rpartition("/")
    found = clients.metadata.list_contexts(
        request=v1.ListContextsRequest(
            parent=contexts.removesuffix("/contexts"),
            filter=f'schema_title="system.ExperimentRun" AND parent_contexts:"{experiment}"',
        )
    )
    (context,) = list(found)
    run_id = context.name.rpartition("/")[2].removeprefix(f"{experiment_id}-")
    return f"{board_of(clients, experiment)}/experiments/{experiment_id}/runs/{run_id}"


def series_of(clients, experiment):
    found = clients.tensorboards.list_tensorboard_time_series(parent=run_of(clients, experiment))
    return {series.display_name: series for series in found}


def read(clients, series, points=0):
    request = v1.ReadTensorboardTimeSeriesDataRequest(
        tensorboard_time_series=series.name, max_data_points=points
    )
    answer = clients.tensorboards.read_tensorboard_time_series_data(request=request)
    return [(value.step, value.scalar.value) for value in answer.time_series_data.values]


def check_experiment(clients):
    """a job's experiment is a context with a TensorBoard behind it"""
    job = clients.finished()
    context = clients.metadata.get_context(name=job.experiment)
    same(context.schema_title, "system.Experiment")
    board = clients.tensorboards.get_tensorboard(name=board_of(clients, job.experiment))
    true(board.run_count >= 1, board)


def check_run(clients):
    """the contexts filter finds the job's run and no other's"""
    run = run_of(clients, clients.finished().experiment)
    same(clients.tensorboards.get_tensorboard_run(name=run).name, run)
    experiment = run.rpartition("/runs/")[0]
    same(
        [found.name for found in clients.tensorboards.list_tensorboard_runs(parent=experiment)],
        [run],
    )
    same(clients.tensorboards.get_tensorboard_experiment(name=experiment).name, experiment)


def check_boards(clients):
    """all jobs of a region share a TensorBoard"""
    clients.finished()
    (board,) = list(clients.tensorboards.list_tensorboards(parent=PARENT))
    experiments = list(clients.tensorboards.list_tensorboard_experiments(parent=board.name))
    true(len(experiments) > 1, len(experiments))


def check_series(clients):
    """a supervised job with validation has six series, pages or not"""
    run = run_of(clients, clients.finished().experiment)
    request = v1.ListTensorboardTimeSeriesRequest(parent=run, page_size=4)
    pages = list(clients.tensorboards.list_tensorboard_time_series(request=request).pages)
    same([len(page.tensorboard_time_series) for page in pages], [4, 2])
    names = [series.display_name for page in pages for series in page.tensorboard_time_series]
    same(names, SUPERVISED)


def check_no_validation(clients):
    """without validation there are no eval series"""
    names = list(series_of(clients, clients.finished("one-checkpoint").experiment))
    same(names, SUPERVISED[:3])


def check_curves(clients):
    """loss falls, accuracy rises, and every step has a point"""
    job = clients.finished()
    series = series_of(clients, job.experiment)
    steps = job.tuning_data_stats.supervised_tuning_data_stats.tuning_step_count
    loss = read(clients, series["/train_total_loss"], points=-1)
    same([step for step, _ in loss], list(range(1, steps + 1)))
    true(loss[-1][1] < loss[0][1] / 2, (loss[0], loss[-1]))
    correct = read(clients, series["/train_fraction_of_correct_next_step_preds"])
    true(0 < correct[0][1] < correct[-1][1] <= 1, (correct[0], correct[-1]))
    same(series["/train_total_loss"].metadata.max_step, steps)
    evaluated = [step for step, _ in read(clients, series["/eval_total_loss"])]
    same(evaluated, [checkpoint.step for checkpoint in job.tuned_model.checkpoints])


def check_same_twice(clients):
    """a point that was read does not change"""
    series = series_of(clients, clients.finished().experiment)["/train_total_loss"]
    same(read(clients, series), read(clients, series))
    true(len(read(clients, series, points=7)) == 7, "max_data_points samples")


def check_batch_read(clients):
    """batchRead answers for several series in one call"""
    experiment = clients.finished().experiment
    series = series_of(clients, experiment)
    chosen = [series[name] for name in ("/eval_total_loss", "/train_num_predictions")]
    answer = clients.tensorboards.batch_read_tensorboard_time_series_data(
        request=v1.BatchReadTensorboardTimeSeriesDataRequest(
            tensorboard=board_of(clients, experiment), time_series=[one.name for one in chosen]
        )
    )
    ids = [data.tensorboard_time_series_id for data in answer.time_series_data]
    same(ids, [one.name.rpartition("/")[2] for one in chosen])
    true(all(len(data.values) > 0 for data in answer.time_series_data), "points")


def check_export(clients):
    """an export pages through every point"""
    series = series_of(clients, clients.finished().experiment)["/train_total_loss"]
    request = v1.ExportTensorboardTimeSeriesDataRequest(
        tensorboard_time_series=series.name, page_size=50
    )
    points = clients.tensorboards.export_tensorboard_time_series_data(request=request)
    same([(point.step, point.scalar.value) for point in points], read(clients, series, points=-1))


def check_while_running(clients):
    """a running job has the points of the steps it has done"""
    name = clients.create(spec={"training_dataset_uri": TRAIN}).name

    def poll():
        found = clients.http.get(f"{clients.url}/v1beta1/{name}").json()
        done = int(found.get("tuningJobMetadata", {}).get("completedStepCount", 0))
        return found if done > 0 and found["state"] == "JOB_STATE_RUNNING" else None

    job = until(poll, pause=0.02)
    done = int(job["tuningJobMetadata"]["completedStepCount"])
    points = read(clients, series_of(clients, job["experiment"])["/train_total_loss"], points=-1)
    total = int(job["tuningDataStats"]["supervisedTuningDataStats"]["tuningStepCount"])
    true(done <= len(points) <= total, (done, len(points), total))


def check_times(clients):
    """points lie within the job's time"""
    job = clients.finished()
    series = series_of(clients, job.experiment)["/train_total_loss"]
    answer = clients.tensorboards.read_tensorboard_time_series_data(
        tensorboard_time_series=series.name
    )
    times = [value.wall_time for value in answer.time_series_data.values]
    same(times, sorted(times))
    true(job.start_time <= times[0] and times[-1] <= job.end_time, (times[0], times[-1]))


def check_preference(clients):
    """preference tuning has its own series"""
    series = series_of(clients, clients.finished_preference()["experiment"])
    same(list(series), ["/preference_optimization_train_loss"])


@each(
    context=("metadata", "get_context", "metadataStores/default/contexts/none"),
    board=("tensorboards", "get_tensorboard", "tensorboards/1"),
    run=("tensorboards", "get_tensorboard_run", "tensorboards/1/experiments/e/runs/r"),
)
def check_missing(clients, case):
    """what is not there is NotFound"""
    client, method, path = case
    with raises(exceptions.NotFound):
        getattr(getattr(clients, client), method)(name=f"{PARENT}/{path}")


def check_bad_filter(clients):
    """a filter that is not understood is refused"""
    request = v1.ListContextsRequest(
        parent=f"{PARENT}/metadataStores/default", filter='color="red"'
    )
    with raises(exceptions.BadRequest, "color"):
        list(clients.metadata.list_contexts(request=request))


def check_not_a_number(clients):
    """a value that is no number comes through Google's client as what it is"""
    job = clients.create(spec={"training_dataset_uri": f"{CURVES}/nan.jsonl"})
    job = clients.ended(job.name)
    series = series_of(clients, job.experiment)["/train_total_loss"]
    values = [value for _, value in read(clients, series, points=-1)]
    (first,) = [at for at, value in enumerate(values) if value == math.inf]
    true(all(math.isfinite(value) for value in values[:first]), values)
    true(len(values) > first + 1 and all(math.isnan(v) for v in values[first + 1 :]), values)


def check_long(clients):
    """of a hundred thousand points batchRead gives a thousand, and read all"""
    job = clients.ended(clients.create(spec={"training_dataset_uri": f"{CURVES}/long.jsonl"}).name)
    series = series_of(clients, job.experiment)["/train_total_loss"]
    answer = clients.tensorboards.batch_read_tensorboard_time_series_data(
        request=v1.BatchReadTensorboardTimeSeriesDataRequest(
            tensorboard=board_of(clients, job.experiment), time_series=[series.name]
        )
    )
    same(len(answer.time_series_data[0].values), 1000)
    same([step for step, _ in read(clients, series, points=-1)], list(range(1, 100_001)))


def check_no_experiment(clients):
    """a job may have no experiment, and may say where else its metrics are"""
    for name, elsewhere in (("no-experiment", False), ("in-cloud-storage", True)):
        uri = f"{CURVES}/{name}.jsonl"
        job = clients.ended(clients.create(spec={"training_dataset_uri": uri}).name)
        same(job.experiment, "")
        found = clients.http.get(f"{clients.url}/v1/{job.name}").json()
        same("gcsMetricsUri" in found, elsewhere)
