"""`/create`: a form for new jobs, empty or filled from a job that there is. It says what is wrong beside each field."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from kue.errors import InvalidJobData, InvalidOption, JobNotFound
from kue.jobs.job import Job
from kue.web.api_v1.jobs import job_id
from kue.web.call import Call
from kue.web.job_code import options_of
from kue.web.pages.form import read_form
from kue.web.pages.frame import framed
from kue.web.pages.job_form import DATA, MAX_JOBS, OPTION_FIELDS, TYPE, JobForm, form_of
from kue.web.read_model.job_page import read_job
from kue.web.routing import Route

_MAX_TYPES = 200  # that are suggested


def create(call: Call) -> Response:
    """The form. `from` is the id of a job that fills it."""
    if "from" in call.query and call.access.may("data"):
        return _page(call, _filled(call))
    return _page(call, JobForm({TYPE: call.query.get("type", "")}))


def save(call: Call) -> Response:
    """Create one job or several that are the same, and lead to them."""
    form = JobForm({name: values[-1] for name, values in read_form(call).items()})
    type, data, options, count = form.read()
    jobs: list[Job] = []
    if not form.errors:
        try:
            queue = call.site.queue
            jobs = [queue.job_class.create(queue.runtime, type, data, options) for _ in range(count)]
            call.check_time()
            queue.save_all(jobs)
        except (InvalidOption, InvalidJobData) as problem:
            form.errors[DATA if isinstance(problem, InvalidJobData) else ""] = str(problem)
    if form.errors:
        return _page(call, form, 422)
    if count == 1:
        return _to(call, f"/jobs/{jobs[0].id}?note={'existing' if jobs[0].existing else 'created'}")
    state = "delayed" if options.get("delay") else "inactive"
    return _to(call, f"/{state}?type={quote(type, safe='')}")


def _filled(call: Call) -> JobForm:
    given = call.query["from"]
    try:
        found, _ = read_job(call.site, job_id(_of(call, given)), with_data=True)
    except JobNotFound:
        found = None
    if found is None:
        return JobForm(errors={"": f"There is no job {given[:40]} any more."})
    return form_of(found, options_of(found.view))


def _of(call: Call, id: str) -> Call:
    return Call(call.site, call.request, {"id": id}, call.access)


def _page(call: Call, form: JobForm, status: int = 200) -> Response:
    rows = [row for row in OPTION_FIELDS if row.is_rare]
    return framed(
        call,
        "create.html",
        "Create a job",
        "",
        status,
        form=form,
        options=OPTION_FIELDS,
        types=call.site.pages.some_types(_MAX_TYPES),
        most=MAX_JOBS,
        has_rare=any(form.texts.get(row.name) or row.name in form.errors for row in rows),
    )


def _to(call: Call, path: str) -> Response:
    return Response(status_code=303, headers={"Location": call.address(path)})


ROUTES = (
    Route("GET", "/create", "create", create, one_of=("read",)),
    Route("POST", "/create", "create", save, changes=True, has_body=True, one_of=("read",)),
)
