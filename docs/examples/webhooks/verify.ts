// Receives Florin's webhooks and verifies them, with nothing but Node's own modules.
//
//   WEBHOOK_TOKEN=… WEBHOOK_SECRET=whsec_… WEBHOOK_PUBLIC_KEY=whpk_… npx tsx verify.ts
//
// Node 20 needs tsx, as above. Node 22.18 and newer also run it directly: `node verify.ts`.
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";

const TOLERANCE_SECONDS = 5 * 60;
const MAX_BODY_BYTES = 1024 * 1024;

const token = setting("WEBHOOK_TOKEN");
const secret = Buffer.from(setting("WEBHOOK_SECRET").replace(/^whsec_/, ""), "base64");
const rawKey = Buffer.from(setting("WEBHOOK_PUBLIC_KEY").replace(/^whpk_/, ""), "base64");
const publicKey = createPublicKey({
  key: { kty: "OKP", crv: "Ed25519", x: rawKey.toString("base64url") },
  format: "jwk",
});

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** Compares in constant time: digests have the same length, whatever was sent. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** Whether Florin sent this body within the last minutes. Pass the raw bytes, before any JSON parser. */
function isGenuine(headers: IncomingHttpHeaders, body: Buffer): boolean {
  if (!isSame(headers.authorization ?? "", token)) return false;

  const id = String(headers["webhook-id"] ?? "");
  const timestamp = String(headers["webhook-timestamp"] ?? "");
  if (id === "" || !/^[0-9]{1,12}$/.test(timestamp)) return false;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;

  // The header holds several signatures, more of them while a secret is rotated; one that verifies is enough.
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const expected = createHmac("sha256", secret).update(content).digest();
  return String(headers["webhook-signature"] ?? "")
    .split(" ")
    .some((signature) => {
      const [version, text = ""] = signature.split(",", 2);
      const bytes = Buffer.from(text, "base64");
      if (version === "v1") return bytes.length === expected.length && timingSafeEqual(bytes, expected);
      if (version === "v1a") return verify(null, content, publicKey, bytes);
      return false; // An unknown version.
    });
}

/** Parses JSON with each number as its text: JSON.parse alone would make amounts binary floats. */
function parse(json: string): unknown {
  const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
  return JSON.parse(json.replace(tokens, (token) => (token.startsWith('"') ? token : `"${token}"`)));
}

async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function status(request: IncomingMessage): Promise<number> {
  if (request.method === "GET") return request.url === "/webhook/health" ? 200 : 404;
  const body = await read(request);
  if (body === undefined) return 413;
  if (!isGenuine(request.headers, body)) return 401;
  const event = parse(body.toString("utf8"));
  // Store the event before you answer, with webhook-id as a unique key. If you have it already, do nothing.
  console.log(request.url, request.headers["webhook-id"], event);
  return 204;
}

createServer(async (request, response) => {
  response.writeHead(await status(request).catch(() => 500)).end();
}).listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
