"""Checks of the Prefect server, and of what this project has on it."""

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from packaging.version import Version
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_REQUEST_TIMEOUT, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from pydantic import ValidationError

from aepipe.deploy.apply.automations import names_that_notify, plan_automations
from aepipe.deploy.apply.change import Change, Kind
from aepipe.deploy.apply.deployments import default_store, list_paused, plan_deployments
from aepipe.deploy.apply.job_templates import POOLS, PoolType
from aepipe.deploy.apply.nightly import load_all
from aepipe.deploy.apply.specification import DeploymentSpec
from aepipe.deploy.apply.work_pools import plan_pools
from aepipe.deploy.connection import ServerError, connected
from aepipe.deploy.doctor.finding import Finding, failure
from aepipe.deploy.doctor.late_runs import check_runs
from aepipe.deploy.doctor.web_pages import PROTECT, check_pages
from aepipe.deploy.doctor.workers import check_pools
from aepipe.errors import ParameterError
from aepipe.io.urls import without_secrets

API = "Prefect API"
# Who waits at a terminal is told sooner than a run is.
QUICK = {PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_API_REQUEST_TIMEOUT: 30.0}


def check_server(store: str, pools: PoolType, file: Path | None, nights: Path | None = None) -> Iterator[Finding]:
    """Check the server at PREFECT_API_URL, and what is on it against the files of this folder.

    Args:
        store: The store that deployments should have.
        pools: What should start the runs.
        file: The deployments that should be there; None for deploy/prefect.yaml.
        nights: The operator's own data sets; None where there are none.
    """
    try:
        with temporary_settings(QUICK), connected() as client:
            yield from _check_api(client)
            yield from _check_content(client, store, pools, file, nights)
    except ServerError as error:
        yield failure(API, error)
    # Of answers that are not Prefect's; where they are JSON, the client finds other fields than it needs.
    except (json.JSONDecodeError, ValidationError):
        way_out = "Let PREFECT_API_URL end with /api: http://host:4200/api."
        yield Finding("broken", API, "what answers is no Prefect API", way_out)
    except PrefectHTTPStatusError as error:
        request = f"{error.request.method} {error.request.url.path}"
        way_out = "See the server's log, and that PREFECT_API_URL ends with /api."
        yield Finding("broken", API, f"it answers {request} with {error.response.status_code}", way_out)


def _check_api(client: SyncPrefectClient) -> Iterator[Finding]:
    url = str(client.api_url).rstrip("/")
    yield judge_version(without_secrets(url), client.api_version(), client.client_version())
    try:
        with SyncPrefectClient(url) as anybody:
            anybody.api_version()
    except PrefectHTTPStatusError as error:
        if error.response.status_code not in (401, 403):
            raise
        yield Finding("ok", "Prefect credentials", "the server asks for some, and accepts these")
    else:
        text = "none are asked for; whoever reaches it can run code, as every user of its machine can"
        yield Finding("warning", "Prefect credentials", text, PROTECT)
    yield from check_pages(url)


def judge_version(url: str, server: str, client: str) -> Finding:
    """Judge the versions of Prefect at both ends; a server must not be older than those who talk to it."""
    text = f"{url} has Prefect {server}, this machine {client}"
    if Version(server).major != Version(client).major:
        return Finding("broken", API, text, "Install the same version at both ends.")
    if Version(server) < Version(client):
        return Finding("warning", API, text, "Upgrade the server first, then workers and clients.")
    return Finding("ok", API, text)


def _check_content(
    client: SyncPrefectClient, store: str, pools: PoolType, file: Path | None, nights: Path | None
) -> Iterator[Finding]:
    apply = _apply_command(store, pools, file, nights)
    ours = WorkPoolFilter(name=WorkPoolFilterName(any_=list(POOLS)))
    flows = {flow.id: flow.name for flow in client.read_flows()}
    found = client.read_deployments(work_pool_filter=ours)
    deployments = {f"{flows[deployment.flow_id]}/{deployment.name}": deployment for deployment in found}
    yield from check_pools(client, pools, deployments, apply)
    stores = sorted({str(there.parameters["store"]) for there in found if "store" in there.parameters})
    yield from _check_stores(stores, default_store(store), apply)
    # One finding says that the store is another one; each deployment's parameters would say so again.
    wanted_store = stores[0] if len(stores) == 1 else default_store(store)
    yield from _check_applied(client, partial(load_all, file, nights, wanted_store, pools), pools, apply)
    yield from _check_automations(client, pools, apply)
    yield from check_runs(client, deployments)


def _apply_command(store: str, pools: PoolType, file: Path | None, nights: Path | None) -> str:
    options = ["--store", store, *(["--pools", pools] if pools != "process" else [])]
    files = {"--file": file, "--nightly": nights}
    options += [text for option, path in files.items() if path for text in (option, str(path))]
    return f"Run: {shlex.join(['aepipe', 'apply', *options])}"


def _check_stores(stores: Sequence[str], wanted: str, apply: str) -> Iterator[Finding]:
    for store in stores:
        if store.rstrip("/") != wanted.rstrip("/"):
            text = f"deployments have {without_secrets(store)}, which is not the one that is checked here"
            yield Finding("warning", "store of deployments", text, f"Name it with --store, or change them. {apply}")


def _check_applied(
    client: SyncPrefectClient, load: Callable[[], list[DeploymentSpec]], pools: PoolType, apply: str
) -> Iterator[Finding]:
    try:
        specs = load()
    except ParameterError as error:
        yield Finding("broken", "deployments' file", error.problem, error.way_out or "Correct it.")
    else:
        differences = list(plan_deployments(client, specs))
        yield from (judge_change(change, apply) for change in differences)
        if not differences:
            yield Finding("ok", "deployments", f"all {len(specs)} are as in the files")
        yield from _check_paused(client, specs)
        yield from _check_templates(client, pools, specs, apply)


def _check_templates(
    client: SyncPrefectClient, pools: PoolType, specs: Sequence[DeploymentSpec], apply: str
) -> Iterator[Finding]:
    try:
        changes = list(plan_pools(client, pools, specs))
    except ParameterError:
        # A pool of another type, which is told already.
        return
    # Those that are missing are told already.
    yield from (judge_change(change, apply) for change in changes if change.kind is not Kind.MISSING)


def judge_change(change: Change, apply: str) -> Finding:
    """Judge a difference between the server and the files, which `apply` mends."""
    return Finding("broken", change.subject, change.found, apply)


def _check_paused(client: SyncPrefectClient, specs: Sequence[DeploymentSpec]) -> Iterator[Finding]:
    way_out = "Switch it on in the UI, on the deployment's page, where that was not meant."
    for name in list_paused(client, specs):
        yield Finding("warning", name, "paused: it starts nothing", way_out)


def _check_automations(client: SyncPrefectClient, pools: PoolType, apply: str) -> Iterator[Finding]:
    differences = list(plan_automations(client, pools, None))
    yield from (judge_change(change, apply) for change in differences)
    enabled = {found.name for found in client.read_automations() if found.enabled}
    silent = [name for name in names_that_notify() if name not in enabled]
    if silent:
        way_out = f"{apply} --notify slack-webhook/operations, or any other block of the server."
        yield Finding("warning", "automations", f"nobody is told of trouble; not there: {', '.join(silent)}", way_out)
    elif not differences:
        yield Finding("ok", "automations", "all are there, and somebody is told of trouble")
