// Node's contenders in the same protocol as worker.py: `node worker.mjs NAME MODULES FOLDER`.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const [name, modules, folder] = process.argv.slice(2);
const require = createRequire(modules + "/");
const tokens = readFileSync(folder + "/tokens.txt", "utf8").split("\n");
const jwks = JSON.parse(readFileSync(folder + "/jwks.json", "utf8"));
const POOL_ID = "ap-northeast-1_AbCdEf123";
const CLIENT_ID = "1h57kf5cpq17m0eml12example";
const HOSTS = ["cognito-idp", "issuer-cognito-idp"];
const ISSUERS = HOSTS.map((host) => `https://${host}.ap-northeast-1.amazonaws.com/${POOL_ID}`);

function awsJwtVerify() {
  const { CognitoJwtVerifier } = require("aws-jwt-verify");
  const verifier = CognitoJwtVerifier.create({ userPoolId: POOL_ID, clientId: CLIENT_ID, tokenUse: "access" });
  verifier.cacheJwks(jwks);
  return (token) => verifier.verifySync(token);
}

// fast-jwt has one key per verifier, and knows no `token_use` and no `client_id`: as an application would write it.
function fastJwt() {
  const { createVerifier } = require("fast-jwt");
  const verifiers = new Map(
    jwks.keys.map((jwk) => {
      const key = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
      const options = { algorithms: ["RS256"], allowedIss: ISSUERS, requiredClaims: ["exp", "iss", "sub"] };
      return [jwk.kid, createVerifier({ key, cache: false, ...options })];
    }),
  );
  return (token) => {
    const header = JSON.parse(Buffer.from(token.slice(0, token.indexOf(".")), "base64url"));
    const claims = verifiers.get(header.kid)(token);
    if (claims.token_use !== "access" || claims.client_id !== CLIENT_ID) throw new Error("another use or client");
    return claims;
  };
}

const verify = { "aws-jwt-verify": awsJwtVerify, "fast-jwt": fastJwt }[name]();

function run() {
  const started = process.hrtime.bigint();
  const used = process.cpuUsage();
  for (const token of tokens) verify(token);
  const { user, system } = process.cpuUsage(used);
  return `${process.hrtime.bigint() - started} ${(user + system) * 1000}`;
}

const tampered = tokens[0].slice(0, -100) + (tokens[0].at(-100) === "A" ? "B" : "A") + tokens[0].slice(-99);
let refused = false;
try {
  verify(tampered);
} catch {
  refused = true;
}
if (!refused) throw new Error("a tampered token was accepted");
for (let warm = 0; warm < 3; warm++) run(); // the JIT compiler has seen it all before the first figure
console.log("ready");
for await (const _ of createInterface({ input: process.stdin })) console.log(run());
