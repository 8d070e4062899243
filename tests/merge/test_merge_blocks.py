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


BODY = "        a(x)\n        b(x)\n        c(x)\n"
STEPS = f"def f():\n    for x in xs:\n{BODY}    e()\n"


@pytest.mark.parametrize(
    ("mine", "new"),
    [
        (BODY + "        mine()\n", "        b(x)\n        c(x)\n        a(x)\n"),
        ("        mine()\n" + BODY, "        c(x)\n        a(x)\n        b(x)\n"),
        (BODY + "        break\n", BODY + "        n(x)\n"),
        (
            "        if x.v:\n            a(x)\n            return\n        b(x)\n        c(x)\n",
            "        a(x)\n        n(x)\n        b(x)\n        c(x)\n",
        ),
        (
            "        for _ in r:\n            a(x)\n            b(x)\n        c(x)\n",
            "        a(x)\n        if bad(x):\n            continue\n        b(x)\n        c(x)\n",
        ),
    ],
    ids=["behind what moves", "before what moves", "behind a jump", "a jump inside", "a loop"],
)
def test_lines_beside_others_that_move_or_are_left(mine: str, new: str) -> None:
    conflict(STEPS, edited(STEPS, (BODY, mine)), edited(STEPS, (BODY, new)))


WRAPPED = edited(STEPS, ("        b(x)\n", "        if x.v:\n            b(x)\n"))
WIDER = edited(WRAPPED, ("        c(x)\n", "            c(x)\n"))
PLAIN = edited(WRAPPED, ("        if x.v:\n            b(x)\n", "        b(x)\n"))


@pytest.mark.parametrize(
    ("base", "mine", "new"),
    [
        (WRAPPED, WIDER, PLAIN),
        (WIDER, WRAPPED, PLAIN),
        (
            WIDER,
            edited(WIDER, ("if x.v:", "if x.v or y:")),
            edited(WIDER, ("            c(x)\n", "        if x.v:\n            c(x)\n")),
        ),
    ],
    ids=["wider", "narrower", "in two"],
)
def test_a_block_that_the_user_changed_and_lgen_takes_apart(base: str, mine: str, new: str) -> None:
    conflict(base, mine, new)


def test_a_break_says_too_little_to_have_moved() -> None:
    """The user stops always, lgen inserts a line above."""
    base = "for x in xs:\n    a(x)\n    log(x)\n    if x.m:\n        break\ne()\n"
    mine = "for x in xs:\n    a(x)\n    log(x)\n    break\ne()\n"
    new = base.replace("    log(x)\n", "    log(x)\n    n(x)\n")
    assert clean(base, mine, new) == mine.replace("    log(x)\n", "    log(x)\n    n(x)\n")


def test_a_line_in_a_block_that_goes_with_the_statement_beside_it() -> None:
    """Outside of the block it would run for every batch."""
    base = text("""\
        def main():
            for batch, is_last in window:
                backward(batch)
                if not is_last:
                    model.on_train_batch_end()
                    batch_idx += 1
            step()
        """)
    line = "            model.on_train_batch_end()\n"
    mine = edited(base, (line, line + "            mine()\n"))
    unwrapped = "        if not is_last:\n" + line + "            batch_idx += 1\n"
    conflict(base, mine, edited(base, (unwrapped, "        batch_idx += 1\n")))
    # beside a statement that stays, the line stays too
    twice = edited(base, (line, "            a()\n" + line))
    new = edited(
        twice,
        ("        if not is_last:\n            a()\n" + line, "        a()\n" + line[4:]),
        ("            batch_idx += 1\n", "        batch_idx += 1\n"),
    )
    clean(twice, edited(twice, (line, line + "            mine()\n")), new)


TWINS = text("""\
    def main():
        for batch in loader:
            with train_only(first):
                outputs = first_step(batch)
                loss = outputs["loss"]
            with train_only(second):
                outputs = second_step(batch)
                loss = outputs["loss"]
            step += 1
    """)
ALONE = text("""\
    def main():
        for batch in loader:
            outputs = training_step(batch)
            loss = outputs["loss"]
            step += 1
    """)


def test_a_line_beside_one_of_two_statements_of_which_one_is_left() -> None:
    """It may have been about the other alone; likewise where one becomes two."""
    mine = TWINS.replace(
        "second_step(batch)\n            loss",
        "second_step(batch)\n            mine()\n            loss",
    )
    assert mine != TWINS
    conflict(TWINS, mine, ALONE)
    mine = edited(ALONE, ("        loss", "        mine()\n        loss"))
    conflict(ALONE, mine, TWINS)


@pytest.mark.parametrize(
    ("mine", "new"),
    [
        (
            "with mine():\n    one(state)\n    two(state, rates)\nthree()\n",
            "one(state)\n(two * weight)(state)\nweigh(weight)\nthree()\n",
        ),
        (
            "one(state)\nwith mine():\n    two(state, rates)\n    three()\n",
            "one(state)\nweight = counted()\n(two * weight)(state)\nthree()\n",
        ),
    ],
)
def test_more_statements_at_the_edge_of_a_block_of_the_user(mine: str, new: str) -> None:
    """They may belong inside or outside."""
    conflict("one(state)\ntwo(state, rates)\nthree()\n", mine, new)
