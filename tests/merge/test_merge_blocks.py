"""Lines of the user around a block that lgen takes apart and puts elsewhere: each is a conflict."""

import pytest

from lgen.merge import merge
from tests.merge.test_merge import clean, conflict, edited, text

LOOP = text("""\
    def main(cfg):
        for batch in loader:
            train(batch)
            batch_idx += 1
            step += 1
            bar.update()
            if step % cfg.n == 0:
                log(step)
            if late(cfg.interval):
                save()
            if step >= cfg.max_steps:
                break
    """)
LOG = "        if step % cfg.n == 0:\n            log(step)\n"
SAVE = "        if late(cfg.interval):\n            save()\n"
STOP = "        if step >= cfg.max_steps:\n            break\n"
COUNTS = "        batch_idx += 1\n        step += 1\n        bar.update()\n"
# the clock is looked at with each row of the log
TOGETHER = edited(
    LOOP,
    (SAVE, ""),
    (
        LOG,
        LOG + "            waited = from_main(late, cfg.interval)\n            if waited:\n"
        "                save()\n",
    ),
)


@pytest.mark.parametrize(
    "mine",
    [
        edited(LOOP, (SAVE, f"        count()\n{SAVE}")),
        edited(LOOP, (SAVE, ""), (STOP, STOP + SAVE)),
        edited(LOOP, (COUNTS, ""), (SAVE, COUNTS + SAVE)),
    ],
)
def test_a_block_that_lgen_moves_into_another(mine: str) -> None:
    """The line would run with each row only; the order of saving and stopping would be lost; the
    steps would be counted after they are saved."""
    conflict(LOOP, mine, TOGETHER)


def test_what_is_put_around_a_part_that_goes() -> None:
    """The condition was about a function that is gone."""
    base = text("""\
        def same(a, b):
            if isinstance(a, dict):
                a = list(a)
            return a == b


        def main():
            train()
        """)
    mine = edited(base, ("    if isinstance(a, dict):\n        a = list(a)\n", "    a = list(a)\n"))
    conflict(base, mine, "def main():\n    train()\n")


@pytest.mark.parametrize(("gone", "said"), [("val", 1), ("save", 1), ("log", 0)])
def test_the_edge_of_what_the_user_put_around_something(gone: str, said: int) -> None:
    """Where it comes back, nobody could tell whether it belongs inside; what is between others
    does."""
    base = text("""\
        def main():
            for e in r:
                val(e)
                log(e)
                save(e)
            done()
        """)
    mine = text("""\
        def main():
            for e in r:
                if e % 5 == 0:
                    val(e)
                    log(e)
                    save(e)
            done()
        """)
    new = base.replace(f"        {gone}(e)\n", "")
    there = merge(base, mine, new, python=True)
    assert there.conflicts == said
    if not said:
        assert clean(new, there.text, base) == mine
