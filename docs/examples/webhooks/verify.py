"""Receives Florin's webhooks and verifies them. Python 3.9 or newer, and `pip install cryptography`.

    WEBHOOK_TOKEN=… WEBHOOK_SECRET=whsec_… WEBHOOK_PUBLIC_KEY=whpk_… python3 verify.py
"""

import base64
import hashlib
import hmac
import json
import os
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TOLERANCE_SECONDS = 5 * 60
MAX_BODY_BYTES = 1024 * 1024


def setting(name, prefix):
    return base64.b64decode(os.environ[name].removeprefix(prefix))


TOKEN = os.environ["WEBHOOK_TOKEN"].encode()
SECRET = setting("WEBHOOK_SECRET", "whsec_")
PUBLIC_KEY = Ed25519PublicKey.from_public_bytes(setting("WEBHOOK_PUBLIC_KEY", "whpk_"))


def is_genuine(headers, body):
    """Whether Florin sent this body within the last minutes. Pass the raw bytes, before any JSON parser."""
    if not hmac.compare_digest(headers.get("authorization", "").encode(), TOKEN):
        return False

    webhook_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not webhook_id or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False

    # The header holds several signatures, more of them while a secret is rotated; one that verifies is enough.
    content = f"{webhook_id}.{timestamp}.".encode() + body
    return any(verifies(one, content) for one in headers.get("webhook-signature", "").split(" "))


def verifies(signature, content):
    version, _, text = signature.partition(",")
    try:
        signature = base64.b64decode(text, validate=True)
        if version == "v1":
            return hmac.compare_digest(signature, hmac.new(SECRET, content, hashlib.sha256).digest())
        if version == "v1a":
            PUBLIC_KEY.verify(signature, content)
            return True
    except (ValueError, InvalidSignature):
        pass
    return False  # Wrong, or an unknown version.


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200 if self.path == "/webhook/health" else 404)

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(length)
        if not is_genuine(self.headers, body):
            return self.answer(401)
        event = json.loads(body, parse_float=Decimal)
        # Store the event before you answer, with webhook-id as a unique key. If you have it already, do nothing.
        print(self.path, self.headers["webhook-id"], event, flush=True)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 3000))), Receiver).serve_forever()
