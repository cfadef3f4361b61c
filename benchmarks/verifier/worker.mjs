// aws-jwt-verify in the same protocol as worker.py: `node worker.mjs MODULE FOLDER`.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const [modules, folder] = process.argv.slice(2);
const { CognitoJwtVerifier } = createRequire(modules + "/")("aws-jwt-verify");
const tokens = readFileSync(folder + "/tokens.txt", "utf8").split("\n");
const verifier = CognitoJwtVerifier.create({
  userPoolId: "ap-northeast-1_AbCdEf123",
  clientId: "1h57kf5cpq17m0eml12example",
  tokenUse: "access",
});
verifier.cacheJwks(JSON.parse(readFileSync(folder + "/jwks.json", "utf8")));

function run() {
  const started = process.hrtime.bigint();
  const used = process.cpuUsage();
  for (const token of tokens) verifier.verifySync(token);
  const { user, system } = process.cpuUsage(used);
  return `${process.hrtime.bigint() - started} ${(user + system) * 1000}`;
}

const tampered = tokens[0].slice(0, -100) + (tokens[0].at(-100) === "A" ? "B" : "A") + tokens[0].slice(-99);
let refused = false;
try {
  verifier.verifySync(tampered);
} catch {
  refused = true;
}
if (!refused) throw new Error("a tampered token was accepted");
for (let warm = 0; warm < 3; warm++) run(); // the JIT compiler has seen it all before the first figure
console.log("ready");
for await (const _ of createInterface({ input: process.stdin })) console.log(run());
