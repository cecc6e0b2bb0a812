"""The README's programs run as they are written."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"


def test_the_quickstart_runs_as_written(tmp_path: pathlib.Path, environment: dict[str, str]) -> None:
    [program] = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (tmp_path / "quickstart.py").write_text(program)
    ran = subprocess.run(
        [sys.executable, "quickstart.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("phi ['name', ")
    assert "would go by tls" in ran.stdout and "pat@mail" not in ran.stdout
