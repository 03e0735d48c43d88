"""HTTP/2 frames by hand, for what no gRPC client lets a test see or do: pings, streams that are left open, GOAWAY."""
import collections
import socket
import threading
import time

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
NO_ERROR, REFUSED_STREAM, ENHANCE_YOUR_CALM = 0, 7, 11
MAX_CONCURRENT_STREAMS, MAX_HEADER_LIST_SIZE = 3, 6
EMPTY_MESSAGE = bytes(5)
WINDOW_FIRST = 65535

Frame = collections.namedtuple("Frame", "type flags stream payload")


def literal(name, value):
    """A header without table and without Huffman's code; both shorter than 127 bytes."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def goaway(frame):
    """(error code, words) of a GOAWAY frame."""
    return int.from_bytes(frame.payload[4:8], "big"), frame.payload[8:].decode()


class Connection:
    """One connection to a plaintext listener. A thread collects what comes and answers settings and pings, as a client
    must; with `silent` it says nothing at all."""

    def __init__(self, address, silent=False):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        self.frames, self.ended = [], False
        self.changed = threading.Condition()
        self.sending = threading.Lock()
        self.next_stream = 1
        self.sent, self.window_left = 0, WINDOW_FIRST
        self.silent = silent
        if not silent:
            self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            self.send(SETTINGS)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was first
        self.reader.join()
        self.socket.close()

    # ---- to the server

    def send(self, kind, flags=0, stream=0, payload=b""):
        frame = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
        with self.sending:
            self.socket.sendall(frame)

    def ping(self):
        """Whether it was answered; False: the connection ended first."""
        before = self.count(PING, ACK)
        try:
            self.send(PING, payload=bytes(8))
        except OSError:
            return False
        return self.wait(lambda: self.ended or self.count(PING, ACK) > before) and self.count(PING, ACK) > before

    def open_call(self, method):
        """A call whose message is still to come; its stream."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        headers = ((b":method", b"POST"), (b":scheme", b"http"), (b":path", method.encode()), (b":authority", b"cdi"),
                   (b"te", b"trailers"), (b"content-type", b"application/grpc"))
        self.send(HEADERS, END_HEADERS, stream, b"".join(literal(*header) for header in headers))
        return stream

    def finish_call(self, stream, message=EMPTY_MESSAGE, deadline_s=30):
        """Sends the message; whether a reply came whole."""
        try:
            self.send(DATA, END_STREAM, stream, message)
        except OSError:
            return False
        self.wait(lambda: self.ended or self.of_stream(stream, HEADERS)[1:] or self.of_stream(stream, RST_STREAM), deadline_s)
        return bool(self.of_stream(stream, DATA)) and bool(self.of_stream(stream, HEADERS)[1:])

    def flood(self, calls, method, size):
        """Opens so many calls and sends all but the last byte of a message of `size` in each. Whether the server had enough
        before the end: it reset a call for that, or gave no more window."""
        part = bytes(16384)
        for stream in [self.open_call(method) for _ in range(calls)]:
            for sent in range(0, size - 1, len(part)):
                head = b"\0" + size.to_bytes(4, "big") if sent == 0 else b""
                if self.is_shed() or not self.send_within_window(stream, head + part[len(head):size - 1 - sent]):
                    return True
        return self.wait(self.is_shed, deadline_s=5)

    def is_shed(self):
        return any(frame.type == RST_STREAM and int.from_bytes(frame.payload, "big") == ENHANCE_YOUR_CALM for frame in self.frames)

    def send_within_window(self, stream, payload):
        """Waits until the connection's window takes it; those of the streams are the caller's to know. False: it does not."""
        def left():
            return WINDOW_FIRST - self.sent + sum(int.from_bytes(f.payload, "big") for f in self.of_stream(0, WINDOW_UPDATE))

        if len(payload) > self.window_left:
            if not self.wait(lambda: self.ended or left() >= len(payload), deadline_s=5) or self.ended:
                return False
            self.window_left = left()
        self.sent += len(payload)
        self.window_left -= len(payload)
        try:
            self.send(DATA, 0, stream, payload)
        except OSError:
            return False  # it hung up
        return True

    # ---- from the server

    def read(self):
        file = self.socket.makefile("rb")
        try:
            while len(head := file.read(9)) == 9:
                frame = Frame(head[3], head[4], int.from_bytes(head[5:9], "big"), file.read(int.from_bytes(head[:3], "big")))
                if frame.type in (SETTINGS, PING) and not frame.flags & ACK and not self.silent:
                    self.send(frame.type, ACK, 0, frame.payload if frame.type == PING else b"")
                with self.changed:
                    self.frames.append(frame)
                    self.changed.notify_all()
        except OSError:
            pass  # reset, or closed by the test
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def count(self, kind, flags=0):
        return sum(frame.type == kind and frame.flags == flags for frame in self.frames)

    def of_stream(self, stream, kind):
        return [frame for frame in self.frames if (frame.stream, frame.type) == (stream, kind)]

    def goaways(self):
        return [goaway(frame) for frame in self.frames if frame.type == GOAWAY]

    def wait(self, condition, deadline_s=30):
        """Whether `condition` came true."""
        end = time.monotonic() + deadline_s
        with self.changed:
            while not condition():
                if not self.changed.wait(max(0, end - time.monotonic())):
                    return bool(condition())
        return True

    def announced(self):
        """The settings of the server's first frame."""
        assert self.wait(lambda: self.count(SETTINGS))
        payload = next(frame.payload for frame in self.frames if frame.type == SETTINGS)
        return {int.from_bytes(payload[i:i + 2], "big"): int.from_bytes(payload[i + 2:i + 6], "big")
                for i in range(0, len(payload), 6)}
