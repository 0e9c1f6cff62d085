"""An ablation of one line, on the same data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from maskcam.errors import UnusableInput
from tests.whole_training.chain_parts import (
    LINE,
    SIZE,
    Chain,
    ablation,
    read_history,
)
from training.ablation import TABLE, ablate
from training.ablation_plan import Line
from training.manifest import NO_MASK, VALIDATION, read_manifest

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")


def test_an_ablation_trains_a_line_judges_it_and_keeps_it(chain: Chain) -> None:
    out, budget, lines = ablation(chain.folder, LINE)
    said = chain.ablated
    config = json.loads((out / "01" / "config.json").read_text())
    assert (config["head_epochs"], config["epochs"], config["epoch_images"]) == (2, 0, 32)
    assert (config["without"], config["sources"]) == (["balance", "render"], ["own"])
    assert [row["phase"] for row in read_history(out / "01")] == ["head"] * 2
    table = (out / TABLE).read_text().splitlines()
    faces = [one for one in read_manifest(chain.manifest) if one.split == VALIDATION]
    bare = sum(one.label == NO_MASK for one in faces)
    assert f"of {bare} / {len(faces) - bare}" in table[2]
    assert table[-1] == said[0] and said[0].startswith("| plain | ")
    assert len({row.count("|") for row in table[2:]}) == 1
    Path(budget.weights).unlink()  # a line that is there is not trained again
    assert list(ablate(chain.manifest, out, budget, lines)) == said
    with pytest.raises(UnusableInput, match="other seed; name another folder"):
        list(ablate(chain.manifest, out, replace(budget, seed=9), lines))
    with pytest.raises(UnusableInput, match="other without; name another folder"):
        list(ablate(chain.manifest, out, budget, [replace(LINE, without=())]))
    with pytest.raises(UnusableInput, match="measured with --ladder-faces 4; delete it"):
        list(ablate(chain.manifest, out, replace(budget, ladder_faces=5), lines))
    rewritten = out / "rewritten.csv"
    rewritten.write_text(chain.manifest.read_text() + "\n")
    with pytest.raises(UnusableInput, match="other manifest_sha256; name another folder"):
        list(ablate(rewritten, out, budget, lines))
    other = Line("other", (), ("own",), input_size=SIZE)
    with pytest.raises(UnusableInput, match="no such weights file"):
        list(ablate(chain.manifest, out, budget, [LINE, other]))
