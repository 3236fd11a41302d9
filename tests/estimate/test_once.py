import gc
import weakref

from azaanalysis.estimate.once import once_each
from azaanalysis.estimate.tally import tally
from tests.builders import follow_up


class Source:
    """A value that can be forgotten."""


def test_work_is_done_once_for_each_value_and_wish():
    asked = []

    @once_each
    def made_of(source: Source, wish: str) -> list[str]:
        asked.append((source, wish))
        return [wish]

    one, other = Source(), Source()
    assert made_of(one, "a") is made_of(one, "a")
    made_of(one, "b")
    made_of(other, "a")

    assert asked == [(one, "a"), (one, "b"), (other, "a")]


def test_what_was_made_is_forgotten_with_its_value():
    kept = once_each(lambda _source: Source())
    source = Source()
    made = weakref.ref(kept(source))
    assert made() is not None

    del source
    gc.collect()

    assert made() is None


def test_a_follow_up_is_counted_once_and_can_be_forgotten():
    followed = follow_up(days=[1, 2], status=[1, 0])
    table = tally(followed)
    assert tally(followed) is table

    gone = weakref.ref(followed)
    del followed
    gc.collect()

    assert gone() is None
