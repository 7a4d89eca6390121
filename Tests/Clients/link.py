"""A link between the browser and the server that a test holds in its hand: it goes dead without a word, or is cut."""

import contextlib
import socket
import threading


class Link:
    """Passes bytes to a server and back; nothing while it is dead, as a cable does that was pulled."""

    def __init__(self, host):
        name, _, port = host.rpartition(":")
        self._server = (name, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._alive = threading.Event()
        self._alive.set()
        self._open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def die(self):
        self._alive.clear()

    def mend(self):
        self._alive.set()

    def cut(self):
        """Ends every connection that there is."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.mend()
        self._listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            self._open |= {client, server}
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._alive.wait()
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._open.discard(one)
