"""Tests with real Kue in Node."""

import pytest

pytest.register_assert_rewrite("tests.interop.tellers")  # so that a failed comparison shows what differs
