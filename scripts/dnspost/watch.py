"""The report of a run on a local web server, renewed while the run goes on."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

from dnspost.report import page
from dnspost.runs import Run

REFRESH_SECONDS = 10


def server(run: Run, port: int) -> ThreadingHTTPServer:
    """Return a server on 127.0.0.1 that is ready to `serve_forever`; port 0 takes a free one."""
    pages: dict[float, bytes] = {}
    one_at_a_time = Lock()

    class Handler(BaseHTTPRequestHandler):
        """Answers every request with the page, made anew when the history has grown."""

        def do_GET(self) -> None:
            """Send the page."""
            if self.path != "/":
                self.send_error(404)
                return
            with one_at_a_time:
                age = max((p.stat().st_mtime for p in _watched(run)), default=0.0)
                if age not in pages:
                    pages.clear()
                    pages[age] = page(run, REFRESH_SECONDS).encode()
                content = pages[age]
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing about requests."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _watched(run: Run) -> list[Path]:
    names = ["config.toml", "history.csv", "log.txt", "snapshots"]
    return [run.directory / name for name in names if (run.directory / name).exists()]
