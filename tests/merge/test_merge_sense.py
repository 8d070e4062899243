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
