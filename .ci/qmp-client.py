#!/usr/bin/env python3
"""Measures a control socket: round trips a second, pipelined commands a second.

  qmp-client.py SOCKET [SECONDS [START]]    START: when the server was started, in seconds since 1970

Written against nothing but the protocol, so that it asks every server the same way.
"""
import socket
import sys
import time

COMMAND = b'{"execute": "query-status"}\n'
BATCH = 8000


def connect(path, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            return client
        except OSError:
            client.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.001)


def negotiate(client):
    greeting = client.recv(65536)
    assert b'"QMP"' in greeting, greeting
    client.sendall(b'{"execute": "qmp_capabilities"}\n')
    answer = client.recv(65536)
    assert answer == b'{"return": {}}\r\n', answer


def round_trips(client, seconds):
    count = 0
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        for _ in range(100):
            client.sendall(COMMAND)
            while not client.recv(65536).endswith(b"\r\n"):
                pass
        count += 100
    return count / (time.monotonic() - start)


def pipelined(client, seconds):
    import threading

    batch = COMMAND * 100
    count = 0
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        sender = threading.Thread(target=lambda: [client.sendall(batch) for _ in range(BATCH // 100)])
        sender.start()
        lines = 0
        while lines < BATCH:
            lines += client.recv(1 << 18).count(b"\n")
        sender.join()
        count += BATCH
    return count / (time.monotonic() - start)


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3
    start = float(sys.argv[3]) if len(sys.argv) > 3 else time.time()
    client = connect(sys.argv[1])
    negotiate(client)
    greeted = time.time() - start
    round_trips(client, seconds)  # the first round warms up
    pipelined(client, seconds)
    best = max(round_trips(client, seconds) for _ in range(2))
    print(f"greeting_ms {greeted * 1000:.0f}")
    print(f"round_trips {best:.0f}")
    print(f"pipelined {max(pipelined(client, seconds) for _ in range(2)):.0f}")


main()
