"""The HTTP server: Kue's API, an API of our own, and the dashboard, as an ASGI app.

    app = kue.web.app(queue, auth=("admin", "secret"))

It is run by `kue dashboard`, or mounted in an app of your own.
"""

from kue.errors import MissingExtra

try:
    import sse_starlette  # noqa: F401 (only whether it is there)
    import starlette  # noqa: F401
except ImportError as missing:
    raise MissingExtra(f"kue.web needs packages that are missing ({missing}): pip install 'kue[web]'") from missing

from kue.web.factory import app
from kue.web.read_model.thresholds import Thresholds
from kue.web.security.access import PERMISSIONS, Access
from kue.web.security.authentication import open_access
from kue.web.site import Limits

__all__ = ["PERMISSIONS", "Access", "Limits", "Thresholds", "app", "open_access"]
