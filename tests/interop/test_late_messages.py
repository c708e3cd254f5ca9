"""A listener that reads from Redis that Node failed a job gets the message of Node's event."""

from collections.abc import Callable
from typing import Any

import kue_send as kue
from tests.helpers import wait_until
from tests.interop.node import NodeKue

Start = Callable[..., NodeKue]
ERRORS = [
    "new Error('boom')",
    "new Error('timeout: host unreachable')",
    "new Error('first\\nsecond: third\\n\\nfifth')",
    "new Error()",
    "new TypeError('no: such thing')",
    "new (class HttpError extends Error {})('404: not found')",
    "Object.assign(new Error('boom'), { code: 'E_BOOM' })",
    "(() => { try { null.x } catch (error) { return error } })()",
    "(() => { try { require('fs').readFileSync(7.5) } catch (error) { return error } })()",
    "(() => { try { JSON.parse('{') } catch (error) { return error } })()",
    "(() => { try { require('child_process').execSync('echo Traceback >&2; exit 3', { stdio: 'pipe' }) }"
    " catch (error) { return error } })()",
    "'plain words'",
    "'timeout: host unreachable'",
    "'Error: first\\nsecond'",
    "{ message: 'without: a stack' }",
]


def test_a_late_listener_gets_the_message_of_the_event_of_node(
    unharmed_node: Start, make_queue: Callable[..., kue.Queue]
) -> None:
    node, queue = unharmed_node(), make_queue(kue.Queue)
    live: dict[int, str] = {}
    queue.on("job failed", lambda id, message: live.update({id: message}))
    source = f"(job, done) => done([{', '.join(f'() => ({error})' for error in ERRORS)}][job.data]())"
    node.process("email", 1, "source", source=source)
    ids: Any = {queue.create("email", n).save().id: error for n, error in enumerate(ERRORS)}
    wait_until(lambda: len(live) == len(ids), 20)

    promises = {id: kue.Job.get(id, queue=queue).promise(20_000) for id in ids}
    late: Any = {id: promise.exception(20) for id, promise in promises.items()}
    assert {error: late[id].message for id, error in ids.items()} == {error: live[id] for id, error in ids.items()}
