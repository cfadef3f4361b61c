// An identity provider on loopback for the tests: npm's oidc-provider, with accounts that tests put there.
//
// node provider.mjs FOLDER-WITH-NODE_MODULES CLIENTS: prints its issuer, and ends with its standard input.
// PUT /accounts/NAME has the claims of somebody, who signs in as NAME with any password.

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [folder, clients] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`));

const accounts = new Map();
const server = createServer(async (request, response) => {
  if (request.method !== "PUT") return answer(request, response);
  const chunks = await request.toArray();
  accounts.set(decodeURIComponent(request.url.split("/").pop()), JSON.parse(Buffer.concat(chunks)));
  response.writeHead(204).end();
});
server.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: JSON.parse(clients),
  claims: { openid: ["sub"], profile: ["name"], groups: ["groups"] },
  conformIdTokenClaims: false, // claims in the ID token, as those do that consoles stand before
  cookies: { keys: ["only for the tests"] },
  findAccount: (_, id) => accounts.has(id) && { accountId: id, claims: () => ({ sub: id, ...accounts.get(id) }) },
  async loadExistingGrant(ctx) { // nobody is asked for consent
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope(ctx.oidc.params.scope);
    await grant.save();
    return grant;
  },
});
const answer = provider.callback();
process.stdin.resume().on("end", () => process.exit());
console.log(issuer);
