"""Pages as a browser sees them, and what every page has to be. Shared by the tests of all that writes HTML."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

BAD = '<script>bad=1</script> & "<img src=x onerror=bad=1>'
"""What a corpus or a generator may hold: run, either half of it sets window.bad."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-component-update", "--disable-background-networking", "--disable-sync"),
    *("--enable-logging=stderr", "--dump-dom"),
)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')

needs_browser = pytest.mark.skipif(
    not any(map(shutil.which, BROWSERS)), reason="no Chromium here to open the page with"
)


def own_script_only(page: str) -> bool:
    """Whether the one script is the page's own, whole, and what the page's policy lets run."""
    from base64 import b64encode
    from hashlib import sha256

    own = files("textgan.report").joinpath("sort.js").read_text("utf-8")
    digest = b64encode(sha256(own.encode()).digest()).decode()
    allowed = f"script-src 'sha256-{digest}'" in page
    return allowed and page.count("<script") == 1 and f"<script>{own}</script>" in page


class Outline(HTMLParser):
    """Tags opened and closed, ids, and what would ask the network."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open += [tag] if tag not in self.VOID else []
        self._look(attrs)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self._look(attrs)

    def _look(self, attrs):
        for name, value in attrs:
            self.ids += [value] if name == "id" else []
            if name in {"src", "href", "xlink:href", "action"} and not value.startswith("#"):
                self.outside.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def opened(text: str, folder: Path) -> tuple[str, str]:
    """The page's DOM as a browser made it, and what the browser logged."""
    (folder / "page.html").write_text(text, encoding="utf-8")
    browser = next(filter(None, map(shutil.which, BROWSERS)))
    place = [f"--user-data-dir={folder / 'profile'}", (folder / "page.html").as_uri()]
    done = subprocess.run([browser, *FLAGS, *place], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def asked(page: str, question: str, folder: Path, width: int = 1200) -> Any:
    """What a JavaScript expression is in the loaded page, shown `width` pixels wide, with the page's policy taken out.

    Without the policy, so that escaping alone has to hold, and the question can be asked. In a frame, as a browser's
    own window is not as narrow as a phone.
    """
    probe = f"<script>addEventListener('load', () => parent.postMessage(JSON.stringify({question}), '*'))</script>"
    inner = POLICY.sub("", page)
    assert inner != page, "the page has no policy"
    end = inner.rindex("</body>")
    (folder / "inner.html").write_text(inner[:end] + probe + inner[end:], encoding="utf-8")
    outer = (
        "<!doctype html><script>addEventListener('message', e => { document.title = e.data })</script>"
        f"<iframe src='inner.html' style='width:{width}px;height:900px;border:0'></iframe>"
    )
    dom, _ = opened(outer, folder)
    told = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert told, "the page never told"
    return json.loads(unescape(told[1]))
