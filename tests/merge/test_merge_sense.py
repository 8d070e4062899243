"""Merges in which every line has its place and the whole makes no sense: each is a conflict."""

import pytest

from tests.merge.test_merge import clean, conflict, text


@pytest.mark.parametrize(
    "mine",
    [
        "    loss(n)\n    opt.step()\n    log(n)\n    return n\n",
        "    opt.step()\n    loss(n)\n    log(n)\n    return n\n",
    ],
)
def test_what_lgen_puts_beside_a_statement_that_the_user_moved(mine: str) -> None:
    """Clipping would come after the step."""
    base = "def f(opt, n):\n    loss(n)\n    log(n)\n    opt.step()\n    return n\n"
    new = base.replace("    opt.step()", "    clip(opt)\n    opt.step()")
    conflict(base, "def f(opt, n):\n" + mine, new)


def test_what_lgen_puts_beside_statements_that_became_a_function() -> None:
    """The step is in a function now, and clipping would come after its call."""
    base = text("""\
        def main(model, optimizer):
            for batch in loader:
                optimizer.zero_grad()
                loss = model(batch)
                loss.backward()
                optimizer.step()
                step += 1
        """)
    mine = text("""\
        def one_step(model, optimizer, batch):
            optimizer.zero_grad()
            loss = model(batch)
            loss.backward()
            optimizer.step()
            return loss


        def main(model, optimizer):
            for batch in loader:
                loss = one_step(model, optimizer, batch)
                step += 1
        """)
    new = base.replace(
        "        optimizer.step()", "        clip(model.parameters())\n        optimizer.step()"
    )
    conflict(base, mine, new)


def test_what_lgen_computes_of_something_that_the_user_moved_down() -> None:
    """It would be read before it is there."""
    base = text("""\
        def main(cfg):
            n = len(loader)
            val_loader = evaluation_loader(cfg)

            optimizer = SGD(cfg.lr)
            metrics = Metrics()
            train(optimizer, n)
        """)
    mine = text("""\
        def main(cfg):
            val_loader = evaluation_loader(cfg)

            optimizer = SGD(cfg.lr)
            metrics = Metrics()
            n = len(loader)
            train(optimizer, n)
        """)
    new = base.replace(
        "evaluation_loader(cfg)\n",
        "evaluation_loader(cfg)\n    steps = math.ceil(n / cfg.window)\n",
    )
    conflict(base, mine, new)


@pytest.mark.parametrize(
    "base, mine, new",
    [
        # in the header of a function and of a class, and as a default
        (
            "from tqdm import tqdm\n\nbar = tqdm()\n",
            "from tqdm import tqdm\n\n\ndef show(bar: tqdm) -> None:\n    bar.close()\n\n\n"
            "bar = tqdm()\n",
            "bar = None\n",
        ),
        (
            "from log import Log\n\nlog = Log()\n",
            "from log import Log\n\n\nclass Mine(Log):\n    x = 1\n\n\nlog = Log()\n",
            "log = None\n",
        ),
        (
            "import time\n\nstart = time.monotonic()\n",
            "import time\n\nstart = time.monotonic()\n\n\n"
            "def f(since=time.monotonic()):\n    return since\n",
            "start = None\n",
        ),
        # in an f-string
        (
            "import time\n\n\ndef main():\n    saved_at = time.monotonic()\n    f()\n    g()\n",
            "import time\n\n\ndef main():\n    saved_at = time.monotonic()\n    f()\n"
            '    print(f"saved {time.monotonic() - saved_at:.0f} s ago")\n    g()\n',
            "def main():\n    f()\n    g()\n",
        ),
        # in a lambda of the module
        (
            "import time\n\nstart = time.monotonic()\nend()\n",
            "import time\n\nstart = time.monotonic()\nend()\nCLOCK = lambda: time.monotonic()\n",
            "start = None\nend()\n",
        ),
    ],
)
def test_names_that_nothing_defines_any_more(base: str, mine: str, new: str) -> None:
    """The user's new line uses what the new text has no use for."""
    conflict(base, mine, new)


def test_names_are_looked_at_beside_other_conflicts() -> None:
    """One conflict does not hide the other."""
    base = (
        '"""One."""\n\nimport time\n\n\ndef main():\n    saved_at = time.monotonic()\n'
        "    f()\n    g()\n"
    )
    mine = base.replace("One", "Mine").replace("    g()", "    print(saved_at)\n    g()")
    merged = conflict(base, mine, '"""Two."""\n\n\ndef main():\n    f()\n    g()\n')
    assert merged.conflicts == 2


@pytest.mark.parametrize(
    "base, mine, new",
    [
        # a function and an import
        (
            "import torch\n\n\ndef main():\n    f()\n",
            "import torch\n\n\ndef windows(items, n):\n    return items\n\n\ndef main():\n"
            "    f(windows([], 1))\n",
            "import torch\nfrom runtime.windows import windows\n\n\ndef main():\n    f()\n"
            "    windows([])\n",
        ),
        # variables of one function
        (
            "def main():\n    f()\n    g()\n    h()\n",
            "def main():\n    f()\n    g()\n    rank = 8  # of the matrices\n    h(rank)\n",
            "def main():\n    rank = start()\n    f()\n    g()\n    h()\n",
        ),
        # a variable that hides what the other uses
        (
            "def main():\n    f()\n    g()\n    h()\n",
            "def main():\n    f()\n    windows = 8\n    g()\n    h()\n",
            "from runtime.windows import windows\n\n\ndef main():\n    f()\n    g()\n"
            "    h(windows())\n",
        ),
        # fields
        (
            "class Config:\n    a: int = 1\n    b: int = 2\n    c: int = 3\n",
            "class Config:\n    a: int = 1\n    clip: int = 5\n    b: int = 2\n    c: int = 3\n",
            "class Config:\n    a: int = 1\n    b: int = 2\n    clip: int = 1\n    c: int = 3\n",
        ),
        # classes
        (
            "import torch\n\n\ndef test():\n    f()\n",
            "import torch\n\n\nclass Step:\n    x = 1\n\n\ndef test():\n    f()\n",
            "import torch\n\n\ndef test():\n    f()\n\n\nclass Step:\n    y = 2\n",
        ),
    ],
)
def test_one_new_name_for_two_things(base: str, mine: str, new: str) -> None:
    """One would take the other's place."""
    conflict(base, mine, new)


def test_one_new_name_for_one_thing() -> None:
    """Both import the same, and both write the same."""
    base = "import torch\n\n\ndef main():\n    f()\n    g()\n"
    mine = "import math\nimport torch\n\n\ndef main():\n    f()\n    g(math.pi)\n"
    new = "import math\nimport torch\n\n\ndef main():\n    f(math.e)\n    g()\n"
    assert clean(base, mine, new) == (
        "import math\nimport torch\n\n\ndef main():\n    f(math.e)\n    g(math.pi)\n"
    )


def test_a_setting_that_is_gone() -> None:
    """What the user added reads a field that the new text has no more."""
    base = text("""\
        class Config:
            a: int = 1
            resume: str = ""


        def main(cfg):
            f(cfg.a, cfg.resume)
            g()
            h()
        """)
    mine = base.replace("    h()", "    print(cfg.resume)\n    h()")
    new = base.replace('    resume: str = ""\n', "").replace("cfg.a, cfg.resume", "cfg.a")
    conflict(base, mine, new)


def test_a_function_with_other_parameters() -> None:
    """What the user added calls it with the old ones."""
    base = text("""\
        def loader(dataset, cfg):
            return DataLoader(dataset)


        def main(cfg):
            val_loader = loader(val, cfg)
            f()
            g()
        """)
    mine = base.replace("    g()", "    test_loader = loader(test, cfg)\n    g()")
    new = base.replace("def loader(dataset, cfg)", "def loader(dataset, rank, cfg)").replace(
        "loader(val, cfg)", "loader(val, rank(), cfg)"
    )
    conflict(base, mine, new)
    assert "loader(test, cfg)" in clean(base, mine, base.replace("return Data", "return My"))


LOOP = text("""\
    def main(loader, model, opt):
        for batch in loader:
            opt.zero_grad()
            loss = model(batch)
            loss.backward()
            log(loss)
            opt.step()
            count()
    """)
WINDOWS = text("""\
    def main(loader, model, opt):
        for window in windows(loader, 4):
            opt.zero_grad()
            for batch in window:
                loss = model(batch)
                (loss / 4).backward()
                log(loss)
            opt.step()
            count()
    """)


@pytest.mark.parametrize(
    "mine",
    [
        # gradients of the earlier batches of a window would be lost
        LOOP.replace("        opt.zero_grad()\n", "").replace(
            "        loss.backward()",
            "        opt.zero_grad(set_to_none=True)\n        loss.backward()",
        ),
        # there is no batch yet
        LOOP.replace(
            "        opt.zero", "        if bad(batch):\n            continue\n        opt.zero"
        ),
        LOOP.replace("        opt.zero", "        batch = augment(batch)\n        opt.zero"),
        # it would leave the window and not the epoch
        LOOP.replace(
            "        loss.backward",
            "        if bad(loss):\n            break\n        loss.backward",
        ),
    ],
)
def test_another_loop_around_the_users_lines(mine: str) -> None:
    """What they say depends on the loop that they stand in."""
    conflict(LOOP, mine, WINDOWS)


def test_lines_that_fit_into_either_loop() -> None:
    """Such as a print of what the loop has at hand."""
    mine = LOOP.replace(
        "        loss.back", "        if n == 0:\n            print(loss)\n        loss.back"
    )
    assert clean(LOOP, mine, WINDOWS) == WINDOWS.replace(
        "            (loss",
        "            if n == 0:\n                print(loss)\n            (loss",
    )


def test_what_lgen_puts_beside_a_statement_that_the_user_wrote_anew_elsewhere() -> None:
    """In a function of the user's with names of its own, or further down with another value."""
    base = LOOP
    mine = "def update(loss, o):\n    loss.backward()\n    o.step()\n\n\n" + base.replace(
        "        loss.backward()\n", "        update(loss, opt)\n"
    ).replace("        opt.step()\n", "")
    conflict(base, mine, base.replace("        opt.step", "        clip(model)\n        opt.step"))
    base = (
        "def main(cfg):\n    opt = Adam(cfg)\n    metrics = Metrics()\n    resume()\n    run(opt)\n"
    )
    mine = (
        "def main(cfg):\n    metrics = Metrics()\n    resume()\n    opt = SGD(cfg)\n    run(opt)\n"
    )
    conflict(base, mine, base.replace("    metrics", "    sched = Sched(opt)\n    metrics"))


def test_a_name_that_is_bound_under_a_condition_now() -> None:
    """What the user added reads it without the condition."""
    base = text("""\
        def main(cfg):
            logger = Logger(cfg)
            for i in range(3):
                step(i)
            close()
        """)
    mine = base.replace("    close", '    logger.log({"done": 1})\n    close')
    new = base.replace("    logger = ", "    if is_main():\n        logger = ")
    conflict(base, mine, new)
    inside = new.replace("        logger = Logger(cfg)\n", "        logger = Logger(cfg, 1)\n")
    assert "Logger(cfg, 1)" in clean(base, base.replace("Logger(cfg)", "Logger(cfg, 1)"), new)
    assert inside.count("Logger(cfg, 1)") == 1


def test_one_key_for_two_things() -> None:
    """The later one would win."""
    base = 'state = {\n    "model": 1,\n    "opt": 2,\n    "step": 3,\n    "last": 4,\n}\n'
    mine = base.replace('    "last"', '    "scheduler": mine,\n    "last"')
    new = base.replace('    "step"', '    "scheduler": theirs,\n    "step"')
    conflict(base, mine, new)


def test_a_renamed_variable_in_a_statement_that_both_changed() -> None:
    """The merged statement has the new name only."""
    base = "def f(dir):\n    out = 1 + dir\n    use(out)\n"
    mine = base.replace("out", "preds")
    new = base.replace("use(out)", "use(out, rank=1)")
    assert clean(base, mine, new) == mine.replace("use(preds)", "use(preds, rank=1)")


def test_conflicts_of_two_places_are_at_the_users() -> None:
    """All between them is merged."""
    base = text("""\
        def load(dataset, cfg):
            return DataLoader(dataset)


        def main(cfg):
            a()
            b()
            loader = load(val, cfg)
            c()
            d()
        """)
    mine = base.replace("    d()", "    test = load(other, cfg)\n    d()")
    new = base.replace("def load(dataset, cfg)", "def load(dataset, rank, cfg)").replace(
        "load(val, cfg)", "load(val, 1, cfg)"
    )
    merged = conflict(base, mine, new)
    assert merged.conflicts == 1
    assert merged.text.index("load(val, 1, cfg)") < merged.text.index("<<<<<<<")
    base = "def main():\n    a()\n    b()\n    c()\n    d()\n"
    new = base.replace("    a()", "    rank = start()\n    a()")
    merged = conflict(base, base.replace("    d()", "    rank = 8\n    d(rank)"), new)
    assert merged.text.startswith("def main():\n    rank = start()\n    a()\n    b()\n")


def test_a_name_in_a_function_of_its_own() -> None:
    """The two have nothing to do with one another."""
    base = "def main():\n    a()\n    b()\n    c()\n    d()\n"
    new = base.replace("    a()", "    rank = start()\n    a()")
    mine = base.replace(
        "    d()", "    def note(x):\n        rank = x + 1\n        print(rank)\n\n    d()"
    )
    assert clean(base, mine, new) == mine.replace("    a()", "    rank = start()\n    a()")


def test_fields_of_other_objects_and_of_merged_statements() -> None:
    """A method may have the name of a field, and a merged statement may read it no more."""
    base = text("""\
        class Config:
            a: int = 1
            resume: int = 4


        def main(cfg):
            state = {
                "step": 1,
                "all": cfg.a * cfg.resume,
                "last": 3,
            }
            f()
        """)
    new = base.replace("    resume: int = 4\n", "").replace("cfg.a * cfg.resume", "cfg.a")
    mine = base.replace('        "last"', '        "note": 2,\n        "last"').replace(
        "    f()", "    profiler.resume()\n    f()"
    )
    assert clean(base, mine, new) == new.replace(
        '        "last"', '        "note": 2,\n        "last"'
    ).replace("    f()", "    profiler.resume()\n    f()")


def test_a_block_that_the_user_took_apart_and_lgen_gave_another_clause() -> None:
    """A conflict, and no end of the program."""
    base = "def main():\n    if a:\n        x = one()\n    end(x)\n"
    mine = "def main():\n    x = one()\n    end(x)\n    more(x)\n"
    new = "def main():\n    if a:\n        x = one()\n    else:\n        x = two()\n    end(x)\n"
    for ours, theirs in ((mine, new), (new, mine)):
        conflict(base, ours, theirs)


def test_a_function_that_returns_more_than_before() -> None:
    """Where lgen calls it anew, the result would be a pair."""
    base = text("""\
        def validate(m, loader):
            x = run(m, loader)
            return x


        def main(cfg):
            a()
            for e in r:
                val = validate(m, loader)
                log(val)
        """)
    mine = base.replace("return x", "return x, len(loader)").replace("val = val", "val, n = val")
    new = base.replace("    a()\n", "    a()\n    first = validate(m, loader)\n    log(first)\n")
    conflict(base, mine, new)
