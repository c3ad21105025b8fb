"""The report of a run on a local web server, renewed while the run goes on."""

import html
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread

from dnspost.report import page
from dnspost.runs import Run

REFRESH_SECONDS = 10


class _Pages:
    """The newest page about a run.

    To draw one takes seconds, and beside a run that uses all cores a minute: a request gets the
    last one at once, and begins the next if the run has gone on. Only the first is waited for.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._one_at_a_time = Lock()
        self._state: list[float] | None = None  # of the files, when the last drawing began
        self._content = b""
        self._ready = Event()
        self._painter = Thread()

    def newest(self) -> bytes:
        """Return the last page that is ready."""
        with self._one_at_a_time:
            state = _state(self._run)
            if state != self._state and not self._painter.is_alive():
                self._state = state
                self._painter = Thread(target=self._paint, daemon=True)
                self._painter.start()
        self._ready.wait()
        return self._content

    def _paint(self) -> None:
        try:
            self._content = page(self._run, REFRESH_SECONDS).encode("utf-8", "surrogateescape")
        except (OSError, ValueError, KeyError) as error:  # a file was removed meanwhile, or worse
            self._state = None
            self._content = _sorry(error).encode("utf-8", "surrogateescape")
        self._ready.set()


def _sorry(error: Exception) -> str:
    refresh = f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">'
    return f"{refresh}<p>The page could not be made: {html.escape(str(error))}</p>"


def server(run: Run, port: int) -> ThreadingHTTPServer:
    """Return a server on 127.0.0.1 that is ready to `serve_forever`; port 0 takes a free one."""
    pages = _Pages(run)

    class Handler(BaseHTTPRequestHandler):
        """Answers every request with the page."""

        def do_GET(self) -> None:
            """Send the page."""
            if self.path != "/":
                self.send_error(404)
                return
            content = pages.newest()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing about requests."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _state(run: Run) -> list[float]:
    """Return when the files changed last that change as a run goes on."""
    names = ["config.toml", "history.csv", "log.txt", "snapshots"]
    paths = [run.directory / name for name in names]
    return [path.stat().st_mtime for path in paths if path.exists()]
