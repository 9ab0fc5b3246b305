"""A Chromium without a window, driven through its DevTools protocol, which is JSON over two pipes.

https://chromedevtools.github.io/devtools-protocol/ names the methods and events.  Nothing but the
browser is needed; it finds no host, so that whatever a page would load from elsewhere fails.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

PROGRAM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), ""
)
OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe"),
]


class Browser:
    """One page of a browser.

    failed: what went wrong since the last page was opened: requests and messages of the console.
    """

    def __init__(self, profile: Path) -> None:
        """profile: an empty folder for what the browser stores."""
        theirs, self._out = os.pipe()
        self._in, back = os.pipe()
        # It reads from descriptor 3 and writes to 4
        command = ["bash", "-c", f'exec "$@" 3<&{theirs} 4>&{back}', "bash", PROGRAM, *OPTIONS]
        command += [f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            command, pass_fds=(theirs, back), stderr=subprocess.DEVNULL
        )
        os.close(theirs)
        os.close(back)
        self._numbers, self._left, self.failed = itertools.count(1), b"", []
        self._session: str | None = None
        targets = self.call("Target.getTargets")["targetInfos"]
        target = next(t["targetId"] for t in targets if t["type"] == "page")
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self._session = None
        self.call("Browser.close")
        os.close(self._out)
        os.close(self._in)
        self._process.wait(timeout=30)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a method.  Raises RuntimeError if the browser refuses."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            self._note(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        """The next message: an answer, or an event."""
        while b"\0" not in self._left:
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise RuntimeError("the browser has gone")
            self._left += piece
        message, _, self._left = self._left.partition(b"\0")
        return json.loads(message)

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        match event["method"]:
            case "Network.loadingFailed":
                self.failed.append(f"a request failed: {parameters['errorText']}")
            case "Network.requestWillBeSent":
                address = parameters["request"]["url"]
                if not address.startswith(("file:", "data:", "about:")):
                    self.failed.append(f"a request left the site: {address}")
            case "Runtime.exceptionThrown":
                self.failed.append(f"a script failed: {parameters['exceptionDetails']['text']}")
            case "Runtime.consoleAPICalled" if parameters["type"] == "error":
                self.failed.append(f"the console says {parameters['args'][0].get('value')}")
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                self.failed.append(f"the console says {parameters['entry']['text']}")

    def open(self, address: str) -> None:
        """Go to a page and wait until all of it is there."""
        self.failed = []
        self.call("Page.navigate", url=address)
        while (event := self._next()).get("method") != "Page.loadEventFired":
            self._note(event)

    def look(self, width: int, dark: bool = False) -> None:
        """Make the window so wide, in pixels, and prefer light or dark colours."""
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def ask(self, expression: str) -> Any:
        """The value of JavaScript, of a promise when it is kept."""
        wanted = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        found = self.call("Runtime.evaluate", **wanted)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"]["description"])
        return found["result"].get("value")

    def picture(self) -> bytes:
        """The whole page as a PNG."""
        height = self.ask("document.documentElement.scrollHeight")
        width = self.ask("window.innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, 4000), "scale": 1}
        found = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(found["data"])
