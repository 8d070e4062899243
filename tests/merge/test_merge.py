"""Edits and regeneration: what merges, where it comes to stand, and what is a conflict."""

import ast
import textwrap

import pytest

from lgen.merge import Merged, merge

LOOPS = """\
def validate(model, loader):
    metrics = Metrics()
    for batch in loader:
        outputs = model.validation_step(batch)
        metrics.append(outputs, len(batch))
    return metrics


def test(model, loader):
    metrics = Metrics()
    for batch in loader:
        outputs = model.test_step(batch)
        metrics.append(outputs, len(batch))
    return metrics


def main(cfg):
    model = Model()
    for epoch in range(cfg.max_epochs):
        for batch in loader:
            optimizer.zero_grad()
            outputs = model.training_step(batch)
            loss = outputs["loss"]
            loss.backward()
            optimizer.step()
            batch_idx += 1

        validate(model, val_loader)
        save_checkpoint(epoch)
"""
WRAPPED = LOOPS.replace(
    """\
        for batch in loader:
            optimizer.zero_grad()
            outputs = model.training_step(batch)
            loss = outputs["loss"]
            loss.backward()
            optimizer.step()
            batch_idx += 1
""",
    """\
        for window in windows(loader, cfg.accumulate):
            optimizer.zero_grad()
            for batch, is_last in window:
                with torch.autocast("cuda"):
                    outputs = model.training_step(batch)
                loss = outputs["loss"]
                (loss / cfg.accumulate).backward()
                batch_idx += 1
            optimizer.step()
""",
)


def text(code: str) -> str:
    """Code without the indentation that it has in this file."""
    return textwrap.dedent(code)


def clean(base: str, mine: str, new: str) -> str:
    """The merge, which must have no conflict."""
    merged = merge(base, mine, new, python=True)
    assert merged.conflicts == 0, merged.text
    return merged.text


def assert_once(text: str, *lines: str) -> None:
    """Each of the lines stands in the text once."""
    for line in lines:
        assert text.count(line + "\n") == 1, line


def conflict(base: str, mine: str, new: str) -> Merged:
    """The merge, which must have conflicts, both sides of each between markers."""
    merged = merge(base, mine, new, python=True)
    marks = [line for line in merged.text.split("\n") if line[:7] in ("<<<<<<<", ">>>>>>>")]
    assert merged.conflicts > 0, merged.text
    assert marks == ["<<<<<<< yours", ">>>>>>> lgen"] * merged.conflicts
    return merged


def edited(code: str, *changes: tuple[str, str]) -> str:
    """The code with changes, each of a text that it has once."""
    for old, new in changes:
        assert code.count(old) == 1, old
        code = code.replace(old, new)
    return code


def test_what_one_side_left_alone_is_taken_from_the_other() -> None:
    """Not a byte is different, whatever the texts are."""
    for python in (True, False):
        assert merge("a\n", "a\n", "b", python=python) == Merged("b", 0)
        assert merge("a\n", "b(", "a\n", python=python) == Merged("b(", 0)
        assert merge("a\n", "c\n", "c\n", python=python) == Merged("c\n", 0)


def test_other_files_are_merged_by_lines() -> None:
    """Changes apart from one another are both taken; where they touch there is a conflict."""
    base = "one\ntwo\nthree\nfour\n"
    assert merge(base, "one\n2\nthree\nfour\n", "one\ntwo\nthree\n4\n", python=False) == Merged(
        "one\n2\nthree\n4\n", 0
    )
    assert merge(base, "1\ntwo\nthree\nfour\n", "eins\ntwo\nthree\nfour\n", python=False) == Merged(
        "<<<<<<< yours\n1\n=======\neins\n>>>>>>> lgen\ntwo\nthree\nfour\n", 1
    )
    both = merge(base, "1\ntwo\nthree\nfour\n", "one\nzwei\nthree\nfour\n", python=False)
    assert both.conflicts == 1


def test_code_that_cannot_be_parsed_is_merged_by_lines() -> None:
    """A file that the user is in the middle of editing loses nothing."""
    mine = LOOPS.replace("model = Model()", "model = Model(")
    assert "model = Model(\n" in clean(LOOPS, mine, WRAPPED)


def test_an_edit_stays_inside_what_is_put_around_it() -> None:
    """Other loop headers and a with come around the lines of the user."""
    mine = edited(
        LOOPS,
        ('            loss = outputs["loss"]\n', '            loss = outputs["loss"] * 2\n'),
        ("            optimizer.step()\n", "            optimizer.step()\n            log(loss)\n"),
    )
    expected = edited(
        WRAPPED,
        (
            '                loss = outputs["loss"]\n',
            '                loss = outputs["loss"] * 2\n',
        ),
        ("            optimizer.step()\n", "            optimizer.step()\n            log(loss)\n"),
    )
    merged = merge(LOOPS, mine, WRAPPED, python=True)
    if merged.conflicts == 0:
        assert merged.text == expected
    else:
        assert '                loss = outputs["loss"] * 2\n' in merged.text


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("line", ['print("twin")', "assert metrics", "with torch.no_grad():"])
@pytest.mark.parametrize("step", ["validation_step", "test_step", "training_step"])
def test_twins_keep_what_is_put_into_them(step: str, line: str, wrapped: bool) -> None:
    """A line in one of the look-alike loops stays in that one, whatever becomes of the others."""
    statement = f"outputs = model.{step}(batch)"
    indent = "    " * (3 if step == "training_step" else 2)

    def put(code: str) -> str:
        """The code with the line before the step, or around it."""
        place = code.index(statement)
        start = code.rindex("\n", 0, place) + 1
        pad = code[start:place]
        if line.endswith(":"):
            return edited(code, (f"{pad}{statement}\n", f"{pad}{line}\n{pad}    {statement}\n"))
        stop = place + len(statement) + 1
        after = code.index("\n", stop) + 1  # after the next line, too
        return code[:after] + pad[: len(indent)] + line + "\n" + code[after:]

    if step == "training_step" and not line.endswith(":"):
        return
    for new in (
        WRAPPED,
        LOOPS.replace(
            "for batch in loader:\n        outputs = model.v",
            "for batch, n in forwards(loader):\n        outputs = model.v",
        ),
        LOOPS[LOOPS.index("def test") :],
        LOOPS[: LOOPS.index("def test")] + LOOPS[LOOPS.index("def main") :],
    ):
        merged = merge(LOOPS, put(LOOPS), new, python=True)
        if merged.conflicts == 0:
            assert statement in new
            assert ast.dump(ast.parse(merged.text)) == ast.dump(ast.parse(put(new)))
        else:
            assert line in merged.text.partition("<<<<<<<")[2].partition("=======")[0]


def test_a_block_that_is_taken_away_leaves_its_statements() -> None:
    """Going back from windows to batches keeps the edit inside."""
    mine = edited(WRAPPED, ('outputs["loss"]', 'outputs["loss"] * 2'))
    assert clean(WRAPPED, mine, LOOPS) == edited(LOOPS, ('outputs["loss"]', 'outputs["loss"] * 2'))


def test_a_header_of_the_user_stays_around_exactly_its_statements() -> None:
    """What comes beside them comes outside."""
    base = "def f():\n    one()\n    two()\n    three()\n"
    mine = "def f():\n    one()\n    with no_grad():\n        two()\n    three()\n"
    new = "def f():\n    one()\n    more()\n    two()\n    last()\n    three()\n"
    assert clean(base, mine, new) == (
        "def f():\n    one()\n    more()\n    with no_grad():\n        two()\n"
        "    last()\n    three()\n"
    )


def test_a_header_of_the_user_around_a_statement_that_is_another_now() -> None:
    """No empty line comes between the two."""
    base = "def f():\n    a()\n\n    from_main(lock, folder)\n\n    b()\n"
    mine = base.replace("    from_main", "    with x():\n        from_main")
    new = base.replace("from_main(lock, folder)", "lock(folder)")
    assert clean(base, mine, new) == mine.replace("from_main(lock, folder)", "lock(folder)")


def test_two_headers_around_one_statement_nest() -> None:
    """The one of the user is the inner one."""
    base = "one()\ntwo()\nthree()\n"
    mine = "one()\nwith mine:\n    two()\nthree()\n"
    new = "one()\nwith new:\n    two()\nthree()\n"
    assert clean(base, mine, new) == "one()\nwith new:\n    with mine:\n        two()\nthree()\n"


def test_neighbouring_statements_do_not_conflict() -> None:
    """Each side changed a line; the lines touch."""
    base = "a = 1\nb = 2\nc = 3\n"
    assert clean(base, "a = 1\nb = 20\nc = 3\n", "a = 10\nb = 2\nc = 30\n") == (
        "a = 10\nb = 20\nc = 30\n"
    )


def test_one_statement_changed_by_both_is_a_conflict_of_this_statement() -> None:
    """The lines around it are outside of the markers."""
    merged = conflict("a()\nb = 2\nc()\n", "a()\nb = 3\nc()\n", "a()\nb = 4\nc()\n")
    assert merged.text == ("a()\n<<<<<<< yours\nb = 3\n=======\nb = 4\n>>>>>>> lgen\nc()\n")


def test_a_header_changed_by_both_is_a_conflict_of_the_header() -> None:
    """The body, which both may have edited elsewhere, is merged."""
    base = "for a in x:\n    one()\n    two()\nend()\n"
    mine = "for a in mine(x):\n    one(1)\n    two()\nend()\n"
    new = "for a in new(x):\n    one()\n    two(2)\nend()\n"
    assert conflict(base, mine, new).text == (
        "<<<<<<< yours\nfor a in mine(x):\n=======\nfor a in new(x):\n>>>>>>> lgen\n"
        "    one(1)\n    two(2)\nend()\n"
    )


def test_an_edit_in_what_is_removed_is_a_conflict() -> None:
    """The removed function is shown as it is with the edit."""
    new = LOOPS[: LOOPS.index("def test")] + LOOPS[LOOPS.index("def main") :]
    merged = conflict(LOOPS, edited(LOOPS, ("model.test_step(", "model.step(")), new)
    assert "model.step(batch)" in merged.text


def test_a_comment_stays_out_of_a_block_that_replaces_its_own() -> None:
    """Another condition with another end is not the block that the user wrote about."""
    base = 'if not mps():\n    exit("needs mps")\nrun()\n'
    mine = edited(base, ("    exit", "    # mine\n    exit"))
    conflict(base, mine, 'if not cuda():\n    exit("needs cuda")\nrun()\n')


def test_a_statement_that_both_removed_is_removed() -> None:
    """Also where one side removed more."""
    base = "one()\ntwo()\nthree()\nfour()\n"
    assert clean(base, "one()\nthree()\nfour()\n", "one()\nfour()\n") == "one()\nfour()\n"


def test_the_same_edit_on_both_sides_is_one_edit() -> None:
    """Nothing is doubled."""
    base = "one()\ntwo()\nthree()\n"
    mine = "one()\nmore()\ntwo(2)\nthree(3)\n"
    new = "zero()\none()\nmore()\ntwo(2)\nthree()\n"
    assert clean(base, mine, new) == "zero()\none()\nmore()\ntwo(2)\nthree(3)\n"


def test_one_call_instead_of_two_may_be_either() -> None:
    """An edit of one of them is not carried over to what may be the other."""
    base = """\
def main(cfg):
    restore(outer_optimizer, {"lr": cfg.outer_lr}, prefix="outer_")
    log(cfg)
    restore(inner_optimizer, {"lr": cfg.inner_lr}, prefix="inner_")
"""
    new = """\
def main(cfg):
    restore(optimizer, {"lr": cfg.lr})
    log(cfg)
"""
    conflict(base, edited(base, ('"outer_")', '"outer_", strict=True)')), new)
    assert clean(base, edited(base, ("log(cfg)", "log(cfg, 1)")), new).count("log(cfg, 1)") == 1


def test_one_value_instead_of_two_may_be_either() -> None:
    """Also where each stood in a block of its own."""
    base = """\
def main(cfg):
    for batch in loader:
        with only(outer):
            outputs = model.outer_step(batch, batch_idx)
            outputs.backward()
        with only(inner):
            outputs = model.inner_step(batch, batch_idx)
            outputs.backward()
"""
    new = """\
def main(cfg):
    for batch in loader:
        outputs = model.training_step(batch, batch_idx)
        outputs.backward()
"""
    mine = edited(base, ("outer_step(batch, batch_idx)", "outer_step(batch, batch_idx)  # mine"))
    conflict(base, mine, new)


def test_two_inserts_at_one_place_are_a_conflict() -> None:
    """Nobody can tell which statement an insert in the middle of a paragraph belongs to."""
    base = "def f():\n    one()\n    two()\n"
    conflict(
        base,
        "def f():\n    one()\n    mine()\n    two()\n",
        "def f():\n    one()\n    new()\n    two()\n",
    )


@pytest.mark.parametrize(
    ("mine", "merged"),
    [
        ("one()\nmine()\n\ntwo()\n", "one()\nmine()\nnew()\n\ntwo()\n"),
        ("one()\n\nmine()\ntwo()\n", "one()\nnew()\n\nmine()\ntwo()\n"),
    ],
)
def test_an_insert_belongs_to_its_paragraph(mine: str, merged: str) -> None:
    """So its place beside another insert is known."""
    assert clean("one()\n\ntwo()\n", mine, "one()\nnew()\n\ntwo()\n") == merged


def test_an_insert_stays_at_a_statement_that_sets_more_than_before() -> None:
    """It is the same call, so the other new statement does not come between the two."""
    base = """\
def main(cfg):
    # --- setup ---

    rank, _, world_size = start_distributed(
        "gloo", "torchrun --standalone --nproc-per-node 1 train.py"
    )
    is_main = rank == 0
"""
    new = """\
def main(cfg):
    # --- setup ---

    if not torch.cuda.is_available():
        sys.exit("accelerator cuda: torch finds no CUDA device on this machine")
    rank, local_rank, world_size = start_distributed(
        "nccl", "torchrun --standalone --nproc-per-node 1 train.py"
    )
    is_main = rank == 0
"""
    mine = edited(base, ("    rank,", "    mine()\n    rank,"))
    assert clean(base, mine, new) == edited(new, ("    rank,", "    mine()\n    rank,"))


def test_two_inserts_at_the_edges_of_a_block_are_a_conflict() -> None:
    """Below the last statement and above the first one: nobody can tell which comes first, and a
    merge that went there and back would have changed the order."""
    base = "for a in b:\n    one()\n    two()\nend()\n"
    first = base.replace("    one()", "    first()\n    one()")
    last = base.replace("    two()", "    two()\n    last()")
    conflict(base, first, base.replace("    one()", "    begin()\n    one()"))
    conflict(base, last, base.replace("    two()", "    two()\n    more()"))
    both = first.replace("    two()", "    two()\n    more()")
    assert clean(base, first, base.replace("    two()", "    two()\n    more()")) == both


def test_fields_are_merged_one_by_one() -> None:
    """Values, comments behind them and new fields at one place."""
    base = text("""\
        class Config:
            lr: float = 0.1  # argument of Adam
            seed: int = 0

            epochs: int = 2
        """)
    mine = edited(
        base,
        ("# argument of Adam", "# tuned"),
        ("seed: int = 0\n", "seed: int = 0\n    mine: int = 1\n"),
    )
    new = edited(
        base, ("0.1", "0.5"), ("seed: int = 0\n", "seed: int = 0\n    clip: float = 1.0\n")
    )
    assert clean(base, mine, new) == text("""\
        class Config:
            lr: float = 0.5  # tuned
            seed: int = 0
            mine: int = 1
            clip: float = 1.0

            epochs: int = 2
        """)


def test_keys_and_arguments_are_merged_one_by_one() -> None:
    """On lines of their own and on one line."""
    base = 'state = {\n    "model": model,\n    "step": step,  # of the run\n}\nf(a, b=1)\n'
    mine = edited(base, ("model,\n", 'model,\n    "ema": ema,\n'), ("b=1", "b=1, mine=2"))
    new = edited(
        base,
        ("model,\n", 'model,\n    "scaler": scaler,\n'),
        (": step", ": step + 1"),
        ("b=1", "new=3, b=1"),
    )
    assert clean(base, mine, new) == (
        'state = {\n    "model": model,\n    "ema": ema,\n    "scaler": scaler,\n'
        '    "step": step + 1,  # of the run\n}\nf(a, new=3, b=1, mine=2)\n'
    )


def test_an_argument_that_one_dropped_and_the_other_changed_is_a_conflict() -> None:
    """Without names, only their places tell arguments apart."""
    base = "run = new()\nevaluate(model, data, run / 'predictions', cfg)\n"
    new = "run = new()\nevaluate(model, data, cfg)\n"
    assert "mine / 'predictions'" in conflict(base, base.replace("run", "mine"), new).text


def test_one_key_changed_by_both_is_a_conflict() -> None:
    """The statement is marked."""
    base = 'state = {\n    "model": model,\n    "step": step,\n}\n'
    conflict(base, base.replace(": step", ": step + 1"), base.replace(": step", ": steps"))


def test_parameters_are_merged_one_by_one() -> None:
    """A function may get a parameter from both sides."""
    base = "def f(model: Net, cfg: Config) -> int:\n    return 1\n"
    mine = "def f(model: Net, cfg: Config, mine: int = 0) -> int:\n    return 1\n"
    new = "def f(model: Net, device: Device, cfg: Config) -> int:\n    return 1\n"
    assert clean(base, mine, new) == (
        "def f(model: Net, device: Device, cfg: Config, mine: int = 0) -> int:\n    return 1\n"
    )


def test_imports_are_a_set() -> None:
    """Both sides add and drop modules and names."""
    base = "import os\nfrom typing import Any, Literal\n\nimport torch\n\nos, Any, torch\n"
    mine = edited(base, ("import os\n", "import os\nimport sys\n"), ("Any, L", "Any, Callable, L"))
    new = edited(base, ("import os\n", "import math\nimport os\nimport time\n"), (", Literal", ""))
    assert_once(
        clean(base, mine, new),
        "import math",
        "import os",
        "import sys",
        "import time",
        "from typing import Any, Callable",
    )


def test_imports_in_another_order_are_no_edit() -> None:
    """They stay as the user's tool sorted them, or come as lgen writes them; none is lost."""
    base = "import os\n\nimport torch\nfrom torch import Tensor\n\nfrom model import Net\n\nrun()\n"
    mine = "import os\n\nfrom model import Net\nfrom torch import Tensor\nimport torch\n\nrun()\n"
    assert clean(base, mine, edited(base, ("run()", "run(1)"))) == edited(mine, ("run()", "run(1)"))
    new = edited(base, ("Tensor", "Tensor, nn"), ("import os", "import math\nimport os"))
    added = edited(mine, ("import torch\n", "import torch\nimport wandb\n"))
    assert_once(
        clean(base, added, new),
        "import math",
        "import os",
        "import torch",
        "from torch import Tensor, nn",
        "import wandb",
        "from model import Net",
    )


def test_layout_is_no_edit() -> None:
    """What the user's formatter did is kept where the statement says the same in the new text."""
    base = "one = call(first, second)\ntwo = call(first, second)\nthree = 'x'\n"
    call = "call(\n    first,\n    second,\n)"
    mine = f'one = {call}\ntwo = {call}\nthree = "x"\n'
    new = "one = call(first, third)\ntwo = call(first, second)\nthree = 'x'\nfour()\n"
    assert clean(base, mine, new) == (
        'one = call(first, third)\ntwo = call(\n    first,\n    second,\n)\nthree = "x"\nfour()\n'
    )


def test_layout_is_no_edit_of_one_of_two_alike() -> None:
    """Of two statements that say the same, the one further in is broken up, and goes."""
    row = "row = means(sums)\n"
    base = f"if done:\n    one()\n    {row}    two()\n{row}"
    mine = edited(base, ("    row = means(sums)", "    row = means(\n        sums\n    )"))
    assert clean(base, mine, row) == row


def test_comments_are_edits() -> None:
    """One above a statement that changes stays above it; one on what is removed is a conflict."""
    base = "one()\ntwo()\nthree()\n"
    mine = "one()\n# why\ntwo()\nthree()\n"
    assert clean(base, mine, "one()\nzero()\ntwo(2)\nthree()\n") == (
        "one()\nzero()\n# why\ntwo(2)\nthree()\n"
    )
    assert "# why" in conflict(base, mine, "one()\nthree()\n").text


def test_a_renamed_variable_does_not_meet_its_old_name() -> None:
    """Where lgen writes a new line with the old name, a person must look."""
    base = "def f(cfg):\n    model = Net()\n    train(model)\n    return model\n"
    mine = base.replace("model", "net")
    assert clean(base, mine, edited(base, ("f(cfg)", "f(cfg, a)"))) == edited(
        mine, ("f(cfg)", "f(cfg, a)")
    )
    conflict(base, mine, edited(base, ("    train", "    model.compile()\n    train")))
    conflict(base, mine, edited(base, ("    train", "    model = wrap(model)\n    train")))


def test_a_name_that_is_gone_is_a_conflict() -> None:
    """The user's line needs what the new options drop."""
    base = "def f():\n    scaler = Scaler()\n    step()\n\n    end()\n"
    mine = "def f():\n    scaler = Scaler()\n    step()\n\n    end()\n    print(scaler)\n"
    merged = conflict(base, mine, "def f():\n    step()\n\n    end()\n")
    assert "print(scaler)" in merged.text


def test_no_block_is_emptied() -> None:
    """Each side removed another statement of it."""
    base = "if a:\n    one()\n    two()\nend()\n"
    conflict(base, "if a:\n    one()\nend()\n", "if a:\n    two()\nend()\n")


def test_a_statement_that_moved_does_not_come_back() -> None:
    """The user removed it where it was, and the new text has it elsewhere."""
    base = "a()\nstep()\nb()\nc()\nd()\n"
    conflict(base, "a()\nb()\nc()\nd()\n", "a()\nb()\nc()\nstep()\nd()\n")


def test_another_clause_comes_below_the_block() -> None:
    """The user's last line stays in the block that it was in."""
    base = "if a:\n    one()\nend()\n"
    mine = "if a:\n    one()\n    mine()\nend()\n"
    new = "if a:\n    one()\nelse:\n    two()\nend()\n"
    assert clean(base, mine, new) == "if a:\n    one()\n    mine()\nelse:\n    two()\nend()\n"


def test_functions_of_the_user_stay() -> None:
    """Also beside a function that comes or goes."""
    added = "def mine():\n    return 1\n\n\n"
    mine = edited(LOOPS, ("def test(", added + "def test("))
    new = LOOPS[: LOOPS.index("def test")] + LOOPS[LOOPS.index("def main") :]
    assert clean(LOOPS, mine, new) == edited(new, ("def main(", added + "def main("))


def test_going_back_gives_the_edited_file_back() -> None:
    """To other options and back again, with edits that no option touches."""
    mine = edited(
        LOOPS,
        ("Model()", "Model(1)"),
        ("        save_checkpoint(epoch)", "        log(epoch)\n        save_checkpoint(epoch)"),
    )
    there = clean(LOOPS, mine, WRAPPED)
    assert clean(WRAPPED, there, LOOPS) == mine
    assert clean(WRAPPED, there, WRAPPED) == there


def test_an_import_that_shares_its_line_stays() -> None:
    """The names of the other import beside it are merged by no means."""
    conflict(
        "from torch import Tensor\nx = 1\n",
        "from torch import Tensor; import patches\nx = 1\n",
        "from torch import Tensor, nn\nx = 1\n",
    )


@pytest.mark.parametrize(
    "statement",
    [
        '    print("a\\\n and b")\n',
        '    print(f"{n} \\\n and b")\n',
        '    if n:\n        pass\n    elif n == """a\n  b""":\n        pass\n',
        '    try:\n        pass\n    except getattr(n, """a\n  b"""):\n        pass\n',
    ],
)
def test_strings_of_several_lines_stay_as_they_are(statement: str) -> None:
    """Also where a backslash continues them, and in a clause."""
    base = "def f(n):\n    g(n)\n    h(n)\n"
    mine = base.replace("    h(n)", f"{statement}    h(n)")
    merged = clean(base, mine, base.replace("h(n)", "h(n, 2)"))
    assert merged == mine.replace("h(n)", "h(n, 2)")


@pytest.mark.parametrize(
    "above",
    [
        "try:\n  import wandb\nexcept ImportError:\n  wandb = None\n",
        " # settings\n",
        "class A:\n  # noqa\n    x = 1\n",
    ],
)
def test_one_line_that_is_indented_otherwise_changes_no_other(above: str) -> None:
    """The step of indentation is the one that the file has."""
    mine = above + LOOPS
    merged = clean(LOOPS, mine, WRAPPED)
    assert merged.endswith(WRAPPED)
    assert merged.removesuffix(WRAPPED).split() == above.split()


def test_form_feeds_stay() -> None:
    """A file with them is merged by lines."""
    base = "a = 1\nb = 2\n\f\ndef f():\n    return 1\n\n\ndef g():\n    return 2\n"
    mine = base.replace("    return 1", "    return 10")
    new = base.replace("    return 2", "    return 20")
    assert clean(base, mine, new) == mine.replace("return 2", "return 20")
    assert clean(base, base.replace("def g", "\fdef g"), base.replace("b = 2", "b = 3")) == (
        base.replace("def g", "\fdef g").replace("b = 2", "b = 3")
    )


def test_a_comment_behind_a_statement_stays_however_the_statement_is_laid_out() -> None:
    """A formatter has broken the line that the user's comment stands behind; lgen changes it."""
    base = "def f():\n    return validate(model, loader(data.val_dataset(), rank, world_size))\n"
    mine = (
        "def f():\n    return validate(\n"
        "        model, loader(data.val_dataset(), rank, world_size)\n    )  # mine\n"
    )
    new = "def f():\n    return validate(model, loader(data.val_dataset()))\n"
    merged = merge(base, mine, new, python=True)
    assert merged == Merged(
        "def f():\n    return validate(model, loader(data.val_dataset()))  # mine\n", 0
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "return function(str(folder))",
            "return json.loads((folder / 'metrics.json').read_text())",
        ),
        ("sampler, loader = training_loader(data, cfg)", "loader = data.train_dataloader()"),
        ("print(text)", "bar.write(text)"),
    ],
)
def test_a_block_around_a_statement_does_not_pass_to_another(before: str, after: str) -> None:
    """What the user wrapped is gone, and what came in its place is no change of it."""
    base, new = (f"def f():\n    first()\n    {line}\n" for line in (before, after))
    mine = f"def f():\n    first()\n    with timed():\n        {before}\n"
    assert merge(base, mine, new, python=True).conflicts == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stop(losses)", "stop_on_any_rank(losses)"),
        ("outputs = model.training_step(batch)", "outputs = ddp(batch)"),
        ("return validate(model, loader, rank)", "return validate(model, loader)"),
    ],
)
def test_a_block_around_a_statement_stays_around_its_change(before: str, after: str) -> None:
    """It sets or calls the same."""
    base, new = (f"def f():\n    first()\n    {line}\n" for line in (before, after))
    mine, wanted = (
        f"def f():\n    first()\n    with timed():\n        {line}\n" for line in (before, after)
    )
    assert merge(base, mine, new, python=True) == Merged(wanted, 0)
