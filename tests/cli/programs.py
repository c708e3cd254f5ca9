"""Programs that run the demo with the jobs of a short show, however long it may take.

The tests look at what the jobs come to, and a busy machine may need a multiple of the time for that.
"""

# What the command does, with workers of one's own.
PLAY = """
    import typer
    from kue.cli.console import exit_on_error
    from kue.cli.demo import run
    from kue.cli.demo.plan import plan_jobs
    from kue.cli.demo.scenario import Scenario

    run.plan_jobs = lambda parts, seconds, jobs, processes: plan_jobs(parts, {show}, jobs, processes)

    def play(workers: str, seconds: float, jobs: int, with_node: bool = False) -> None:
        with exit_on_error():
            options = run.DemoOptions(seconds, jobs, with_node=with_node)
            raise typer.Exit(run.run_demo(options, Scenario(workers=workers)))

    typer.run(play)
"""
# The command itself.
COMMAND = """
    from kue.cli.app import app
    from kue.cli.demo import run
    from kue.cli.demo.plan import plan_jobs

    run.plan_jobs = lambda parts, seconds, jobs, processes: plan_jobs(parts, 4, jobs, processes)
    app()
"""


def play_of(show: float) -> str:
    """The program; `show` is the number of seconds for which the jobs are planned."""
    return PLAY.format(show=show)
