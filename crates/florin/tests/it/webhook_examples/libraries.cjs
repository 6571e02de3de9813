// Judges the requests of its input: `v1` by the package standardwebhooks, `v1a` by node:crypto. See libraries.rs.
const { createPublicKey, verify } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { Webhook } = require("standardwebhooks");

const { secret, publicKey, cases } = JSON.parse(readFileSync(0, "utf8"));
const webhook = new Webhook(secret);
// The fixed head of an Ed25519 key in SubjectPublicKeyInfo (RFC 8410), then the key.
const head = Buffer.from("302a300506032b6570032100", "hex");
const raw = Buffer.from(publicKey.replace("whpk_", ""), "base64");
const key = createPublicKey({ key: Buffer.concat([head, raw]), format: "der", type: "spki" });

function v1({ headers, body }) {
  try {
    webhook.verify(body, headers, { jsonParse: (text) => text });
    return true;
  } catch {
    return false;
  }
}

function v1a({ headers, body }) {
  const timestamp = Number(headers["webhook-timestamp"]);
  if (!(Math.abs(Date.now() / 1000 - timestamp) <= 300)) return false;
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const signatures = (headers["webhook-signature"] ?? "").split(" ").map((one) => one.split(","));
  return signatures.some(
    ([version, text]) =>
      version === "v1a" && verify(null, Buffer.from(content), key, Buffer.from(text ?? "", "base64")),
  );
}

process.stdout.write(JSON.stringify(cases.map((one) => [v1(one), v1a(one)])));
