"""Jobs in the full-text index as plain data, for the tests of the scripts that write it."""

from tests.store.world import World


def indexed(id: int, **scores: float) -> World:
    """The words of a job, in both directions."""
    by_code = {code: float(score) for code, score in scores.items()}
    return {
        **{f"q:search:word:{code}": {str(id): score} for code, score in by_code.items()},
        **({f"q:search:object:{id}": by_code} if by_code else {}),
    }


def many(count: int) -> dict[str, int]:
    return {f"W{n}": 1 for n in range(count)}
