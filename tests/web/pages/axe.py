"""Looks at a page with axe-core: who cannot see, or cannot use a mouse, must be able to use it.

It runs through the debugger of the browser, so that the content policy of our pages stays as it is.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import absent

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPT = Path(__file__).parent.parent / "scripts" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def violations(page: "Page") -> list[str]:
    """What is wrong, a line for each rule and element."""
    if not SCRIPT.is_file():
        absent("axe-core is not installed: `npm ci` in tests/web/scripts installs it (package npm)")
    session = page.context.new_cdp_session(page)
    try:
        _run(session, SCRIPT.read_text() + "\n;0")
        options = json.dumps({"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
        found = _run(session, f"axe.run(document, {options}).then(found => JSON.stringify(found.violations))")
    finally:
        session.detach()
    return [
        f"{rule['id']}: {rule['help']}: {element['target']}: {element['html'][:200]}: {element['failureSummary']}"
        for rule in json.loads(found)
        for element in rule["nodes"]
    ]


def assert_accessible(page: "Page") -> None:
    """It has no violation of WCAG 2.2, levels A and AA, and none of what axe calls best practice."""
    assert violations(page) == []


def _run(session: Any, expression: str) -> Any:
    ask = {"expression": expression, "awaitPromise": True, "returnByValue": True, "allowUnsafeEvalBlockedByCSP": True}
    answer = session.send("Runtime.evaluate", ask)
    assert "exceptionDetails" not in answer, answer
    return answer["result"].get("value")
