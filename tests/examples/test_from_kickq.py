"""The page for people from Kickq names every option, call, field and state of Kickq, and options that exist here."""

import re
from dataclasses import fields

import pytest

from kue.options.job import JOB_OPTIONS
from kue.options.queue import QueueOptions
from tests.examples.markdown import DOCS, code_spans, section, table

PAGE = DOCS / "from-kickq.md"

# From the documents and the code of Kickq 1.1.
KICKQ = {
    "Options": """processTimeout delay retry retryCount retryTimes retryInterval ghostRetry ghostCount ghostInterval
        hotjob hotjobTimeout jobFlags purgeTimeout redisHost redisPort redisPassword redisOptions redisNamespace
        concurrentJobs schedulerOn schedulerInterval schedulerFuzz schedulerLookAhead fetchTimeout guardInterval
        vitalsInterval debug loggerConsole loggerLevel loggerSyslog loggerSyslogLevel loggerFile loggerFileLevel
        loggerFilename loggerDb loggerDbLevel""",
    "Calls": """kickq.config kickq.reset kickq.create kickq.process kickq.get kickq.delete kickq.metrics kickq.on
        kickq.Error kickq.LogLevel create queued success fail""",
    "The job": """id name data state createTime updateTime scheduledFor complete success finishTime totalProcessTime
        lastError hotjobPromise delay retry runs count startTime processTime processTimeout errorMessage""",
    "States": "new queued delayed processing retry ghost success fail",
}


@pytest.mark.parametrize("title", KICKQ)
def test_the_page_names_all_that_kickq_has(title: str) -> None:
    rows = table(section(PAGE, title).text, "Kickq")
    named = {re.split(r"[^\w.]", span)[0] for row in rows for span in code_spans(row[0])}
    assert set(KICKQ[title].split()) - named == set()


def test_the_options_that_it_gives_for_a_job_and_a_queue_exist() -> None:
    known = {"job": {*JOB_OPTIONS, "ghost_on_ttl"}, "": {"redis", *(row.name for row in fields(QueueOptions))}}
    offenders = []
    for _, here, place, _ in table(section(PAGE, "Options").text, "Kickq"):
        name = re.match(r"`([a-z_]+)", here)
        if name is None or name[1] in ("every", "shared"):
            continue
        for one in place.split(", "):
            allowed = known["job"] | known[""] if "," in place else known["job" if one == "job" else ""]
            if name[1] not in allowed | {"remove_on_complete"}:
                offenders.append(f"{here} is no option of a {one or 'queue'}")
    assert not offenders
