"""Testing code that creates jobs: in test mode they are collected instead of saved, and no Redis is needed."""

import unittest

import kue

queue = kue.create_queue(redis="redis://127.0.0.1:1")  # there is no server, and none is needed


def register(email: str):
    """The code under test."""
    queue.create("email", {"to": email, "title": "welcome"}).priority("high").save()
    queue.create("statistics", {"event": "registered"}).save()


class RegisterTest(unittest.TestCase):
    def setUp(self):
        queue.test_mode.enter()

    def tearDown(self):
        queue.test_mode.clear()
        queue.test_mode.exit()

    def test_a_new_user_gets_an_email(self):
        register("tj@example.com")
        email, statistics = queue.test_mode.jobs
        self.assertEqual((email.type, email.data["to"], email.priority()), ("email", "tj@example.com", -10))
        self.assertEqual(statistics.type, "statistics")

    def test_a_test_begins_with_no_jobs(self):
        self.assertEqual(queue.test_mode.jobs, [])


if __name__ == "__main__":
    unittest.main()
