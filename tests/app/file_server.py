#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server on loopback that serves the files of a folder, correctly or not: file_server.py FOLDER LOG

Prints its port. The first part of a path is the manner, the rest the file; every request and its range is a line in
the log.

good      with ranges                     wrong     the right size, other bytes
norange   ignores ranges                  long      one byte too many
cut       the first answer to a range-less request ends half way       html      a page instead of the file
dying     half, then 503 until FOLDER/revived exists                   shifted   another range than was asked for
slow      a little every 50 ms            moved     redirects to good
endless   the file again and again, without a length
"""
import http.server
import os
import sys
import time

folder, log_path = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body, start=None, whole=None, length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def do_GET(self):
        _, manner, name = self.path.split("/", 2)
        wanted = self.headers.get("Range")
        with open(log_path, "a") as log:
            log.write(f"{self.path} {wanted or '-'}\n")
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            return self.answer(404, b"no such file")
        with open(path, "rb") as file:
            body = file.read()
        whole, start = len(body), int(wanted[len("bytes="):].rstrip("-")) if wanted else 0
        half = (whole - start) // 2
        if manner == "moved":
            self.send_response(302)
            self.send_header("Location", "/good/" + name)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if manner == "html":
            return self.answer(200, b"<html>Please log in</html>")
        if manner == "endless":  # without a length, until the other side has had enough
            self.send_response(200)
            self.end_headers()
            for _ in range(200):
                self.wfile.write(body)
            self.close_connection = True
            return
        if manner == "long":
            return self.answer(200, body + b"x")
        if manner == "wrong":
            body = bytes(255 - value for value in body)
        if manner == "dying" and not os.path.exists(os.path.join(folder, "revived")) and wanted:
            return self.answer(503, b"gone")
        if manner == "norange":
            wanted, start = None, 0
        if manner == "shifted" and wanted:
            return self.answer(206, body[1:], 1, whole)
        status = 206 if wanted else 200
        if start >= whole:
            return self.answer(416, b"nothing left")
        if manner == "cut" and not wanted or manner == "dying" and not os.path.exists(os.path.join(folder, "revived")):
            self.answer(status, body[start:start + half], start if wanted else None, whole, length=whole - start)
            self.close_connection = True
            return
        if manner == "slow":
            self.send_response(status)
            self.send_header("Content-Length", str(whole - start))
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            self.end_headers()
            for at in range(start, whole, 2000):
                self.wfile.write(body[at:at + 2000])
                self.wfile.flush()
                time.sleep(0.05)
            return
        self.answer(status, body[start:], start if wanted else None, whole)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):  # a client that closed the connection
        pass


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
