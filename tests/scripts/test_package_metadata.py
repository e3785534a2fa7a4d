"""On a package index the README's links lead into the repository, or are left out where its address is not known."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from package_metadata import for_index, urls

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
REPOSITORY = "https://code.example/cameras/trio-client"
TEXT = """\
See [the guide](docs/guide.md#top) or [the API](https://api.example).

![A page](docs/assets/page.png)

```sh
echo "[not](a/link)"
```

## More

- [One](docs/one.md), and
  [two](docs/two.md)
"""


def targets(text: str) -> list[str]:
    """Return where the links and pictures of a text lead, outside its programs."""
    return re.findall(r"\]\(([^)]+)\)", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def test_links_become_absolute() -> None:
    assert targets(for_index(TEXT, REPOSITORY + "/")) == [
        f"{REPOSITORY}/blob/HEAD/docs/guide.md#top",
        "https://api.example",
        f"{REPOSITORY}/raw/HEAD/docs/assets/page.png",
        f"{REPOSITORY}/blob/HEAD/docs/one.md",
        f"{REPOSITORY}/blob/HEAD/docs/two.md",
    ]


def test_links_are_left_out_where_the_repository_is_not_known() -> None:
    expected = 'See the guide or [the API](https://api.example).\n\n```sh\necho "[not](a/link)"\n```\n'
    assert for_index(TEXT, "") == expected


def test_every_link_of_the_readme_leads_somewhere_on_an_index() -> None:
    assert all(
        target.startswith("https://") for text in ("", REPOSITORY) for target in targets(for_index(README, text))
    )
    assert len(targets(for_index(README, REPOSITORY))) == len(targets(README))
    assert "## More" not in for_index(README, "")


def test_an_index_links_the_source_where_its_address_is_known() -> None:
    assert list(urls("")) == ["API documentation"]
    assert urls(REPOSITORY)["Source"] == REPOSITORY
