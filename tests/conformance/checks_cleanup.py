"""Models and endpoints: found, read, undeployed and deleted."""

from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1

from harness import PARENT, each, raises, same, true


def check_model(clients):
    """a tuned model knows its versions, checkpoints and endpoints"""
    job = clients.finished()
    model = clients.models.get_model(name=job.tuned_model.model)
    same((model.version_id, list(model.version_aliases)), ("1", ["default"]))
    true(dict(job.labels).items() <= dict(model.labels).items(), model.labels)
    same(model.display_name, job.tuned_model_display_name)
    deployed = {deployed.endpoint for deployed in model.deployed_models}
    same(deployed, {checkpoint.endpoint for checkpoint in job.tuned_model.checkpoints})
    same(clients.models.get_model(name=model.name).version_id, "1", "without a version")


def check_models_by_label(clients):
    """models are listed by label"""
    clients.finished(), clients.finished("one-checkpoint")
    request = v1.ListModelsRequest(parent=PARENT, filter="labels.team=conformance")
    found = list(clients.models.list_models(request=request))
    true(found and all(model.labels["team"] == "conformance" for model in found), len(found))
    every = list(clients.models.list_models(parent=PARENT))
    true(len(every) > len(found), (len(every), len(found)))


def check_endpoint(clients):
    """a tuned endpoint serves its model's version"""
    job = clients.finished()
    endpoint = clients.endpoints.get_endpoint(name=job.tuned_model.endpoint)
    (deployed,) = endpoint.deployed_models
    same((f"{deployed.model}@{deployed.model_version_id}"), job.tuned_model.model)
    request = v1.ListEndpointsRequest(parent=PARENT, filter='labels.team="conformance"')
    names = {found.name for found in clients.endpoints.list_endpoints(request=request)}
    true(endpoint.name in names, names)


def check_default_checkpoint(clients):
    """another default checkpoint changes the job's endpoint"""
    job = clients.finished()
    first, *_, last = job.tuned_model.checkpoints
    name = job.tuned_model.model.partition("@")[0]
    model = clients.models.get_model(name=name)
    same(
        (model.default_checkpoint_id, job.tuned_model.endpoint), (last.checkpoint_id, last.endpoint)
    )
    for checkpoint in (first, last):
        clients.models.update_model(
            model=v1.Model(name=name, default_checkpoint_id=checkpoint.checkpoint_id),
            update_mask={"paths": ["default_checkpoint_id"]},
        )
        found = clients.tuning().get_tuning_job(name=job.name).tuned_model.endpoint
        same(found, checkpoint.endpoint)


def check_deployed_model_stays(clients):
    """a model that is deployed cannot be deleted, nor an endpoint in use"""
    job = clients.finished("fail-with-model"), clients.finished()
    with raises(exceptions.BadRequest):
        clients.models.delete_model(name=job[1].tuned_model.model.partition("@")[0])
    with raises(exceptions.BadRequest):
        clients.endpoints.delete_endpoint(name=job[1].tuned_model.endpoint)


def check_failed_job_with_model(clients):
    """a failed job can own a model, which can be deleted"""
    name = clients.finished("fail-with-model").tuned_model.model.partition("@")[0]
    clients.models.delete_model(name=name).result(timeout=20)
    with raises(exceptions.NotFound):
        clients.models.get_model(name=name)


def check_take_down(clients):
    """undeploy, delete the endpoints, delete the model: each an operation"""
    model = clients.models.get_model(name=clients.finished().tuned_model.model)
    for deployed in model.deployed_models:
        operation = clients.endpoints.undeploy_model(
            endpoint=deployed.endpoint, deployed_model_id=deployed.deployed_model_id
        )
        true(isinstance(operation.result(timeout=20), v1.UndeployModelResponse), "its response")
        clients.endpoints.delete_endpoint(name=deployed.endpoint).result(timeout=20)
        with raises(exceptions.NotFound):
            clients.endpoints.get_endpoint(name=deployed.endpoint)
    operation = clients.models.delete_model(name=model.name)
    true("/operations/" in operation.operation.name, operation.operation.name)
    operation.result(timeout=20)
    true(isinstance(operation.metadata, v1.DeleteOperationMetadata), operation.metadata)
    with raises(exceptions.NotFound):
        clients.models.get_model(name=model.name)
    # The job stays, as it does in the service.
    name = clients.finished().name
    same(clients.tuning().get_tuning_job(name=name).state.name, "JOB_STATE_SUCCEEDED")


@each(model=("models", "get_model"), endpoint=("endpoints", "get_endpoint"))
def check_missing(clients, case):
    """what is not there is NotFound"""
    client, method = case
    with raises(exceptions.NotFound):
        getattr(getattr(clients, client), method)(name=f"{PARENT}/{client}/1")
