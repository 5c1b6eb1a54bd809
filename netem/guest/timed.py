"""An echo whose time was taken elsewhere."""


class Timed(bytes):
    """What `exchange` returns when the peer's own client is another process: its stamps count, not those around the pipe.

    `ms` is from the call to the echo.
    """

    def __new__(cls, body, ms):
        made = super().__new__(cls, body)
        made.ms = ms
        return made
