"""Runs moto's server so that a conditional write is one step, as S3 promises: its threads compare, and write later."""

import threading

import moto.server


class InTurn(moto.server.DomainDispatcherApplication):
    """Answers one request with a condition at a time."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.turn = threading.Lock()

    def __call__(self, environ, start_response):
        if "HTTP_IF_MATCH" in environ or "HTTP_IF_NONE_MATCH" in environ:
            with self.turn:
                return super().__call__(environ, start_response)
        return super().__call__(environ, start_response)


if __name__ == "__main__":
    moto.server.DomainDispatcherApplication = InTurn
    moto.server.main()
