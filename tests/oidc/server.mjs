// An OpenID provider on a port of 127.0.0.1, for tests.
//
// It takes commands on standard input, one JSON object a line, and answers each with one on
// standard output, the first being the address. It ends when standard input does.

import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import Provider, { errors } from "oidc-provider";

// What it says of its own about settings that are fit for tests only.
console.info = () => {};
console.warn = () => {};

const options = JSON.parse(process.argv[2]);

const ACCOUNTS = {
  alice: {
    name: "Alice Example",
    email: "alice@example.org",
    email_verified: true,
    groups: ["lrs-admins", "staff"],
    realm_access: { roles: ["lrs-auditors"] },
  },
  bob: {
    name: "Bob Example",
    email: "bob@example.org",
    email_verified: false,
    groups: ["staff"],
  },
};

const client = (client_id, rest) => ({
  client_id,
  client_secret: "a secret: with + and %",
  redirect_uris: [options.redirect_uri],
  ...rest,
});

const CLIENTS = [
  client("basic", {
    token_endpoint_auth_method: "client_secret_basic",
    id_token_signed_response_alg: "RS256",
  }),
  client("post", {
    token_endpoint_auth_method: "client_secret_post",
    id_token_signed_response_alg: "ES256",
  }),
  client("public", {
    client_secret: undefined,
    token_endpoint_auth_method: "none",
    id_token_signed_response_alg: "EdDSA",
  }),
  client("sender", {
    redirect_uris: [],
    response_types: [],
    grant_types: ["client_credentials"],
    token_endpoint_auth_method: "client_secret_basic",
  }),
];

function resourceServer(_, resource) {
  if (resource !== options.resource) throw new errors.InvalidTarget();
  return {
    scope: "acta:statements/write acta:statements/read acta:all/read mail/read",
    audience: resource,
    accessTokenFormat: "jwt",
    accessTokenTTL: 600,
    jwt: { sign: { alg: "ES256" } },
  };
}

function freshKeys() {
  const kid = randomBytes(8).toString("hex");
  const jwk = (type, rest) => generateKeyPairSync(type, rest).privateKey.export({ format: "jwk" });
  return [
    { ...jwk("rsa", { modulusLength: 2048 }), kid: `rsa-${kid}`, use: "sig" },
    { ...jwk("ec", { namedCurve: "P-256" }), kid: `ec-${kid}`, use: "sig" },
    { ...jwk("ed25519"), kid: `ed-${kid}`, use: "sig" },
  ];
}

function newProvider(issuer, keys) {
  return new Provider(issuer, {
    jwks: { keys },
    clients: CLIENTS,
    cookies: { keys: ["a key that signs cookies"] },
    claims: {
      openid: ["sub"],
      email: ["email", "email_verified"],
      profile: ["name"],
      groups: ["groups", "realm_access"],
    },
    scopes: ["openid", "email", "profile", "groups"],
    conformIdTokenClaims: !options.claims_in_id_token,
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
    extraTokenClaims: () => ({ tenant: 2 }),
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer },
    },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...ACCOUNTS[id] }) }),
    ttl: { IdToken: 600, ClientCredentials: 600 },
  });
}

let keys = freshKeys();
let callback;
/** What goes wrong, by the path of requests. */
const faults = new Map();
/** How often each path was asked. */
const counts = new Map();

function renew() {
  const provider = newProvider(issuer, keys);
  provider.use(async (context, next) => {
    await next();
    const { merge } = faults.get(context.path) ?? {};
    if (merge) context.body = { ...context.body, ...merge };
  });
  callback = provider.callback();
}

const server = createServer((request, response) => {
  const path = request.url.split("?")[0];
  counts.set(path, (counts.get(path) ?? 0) + 1);
  const fault = faults.get(path) ?? {};
  if (fault.is_silent) return;
  if (fault.status) {
    response.writeHead(fault.status, fault.headers).end(fault.body);
    return;
  }
  if (fault.bytes) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(`{"padding": "${"x".repeat(fault.bytes)}"}`);
    return;
  }
  callback(request, response);
});
await new Promise((done) => server.listen(options.port ?? 0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;
renew();

/** A token with this header and these claims, by the key of this server that fits. */
function token(header, claims) {
  const kind = { R: "RSA", P: "RSA", H: "RSA", n: "RSA", E: "EC" };
  const kty = header.alg === "EdDSA" ? "OKP" : kind[header.alg[0]];
  const key = keys.find((one) => one.kty === kty);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ kid: key.kid, ...header })}.${part(claims)}`;
  return `${text}.${signature(header.alg, key, Buffer.from(text)).toString("base64url")}`;
}

function signature(algorithm, jwk, bytes) {
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const hash = `sha${algorithm.slice(2)}`;
  switch (algorithm) {
    case "none":
      return Buffer.alloc(0);
    case "HS256": {
      // The mistake of those who take a public key for a shared secret.
      const secret = createPublicKey(key).export({ type: "spki", format: "pem" });
      return createHmac(hash, secret).update(bytes).digest();
    }
    case "EdDSA":
      return sign(null, bytes, key);
    case "ES256":
      return sign(hash, bytes, { key, dsaEncoding: "ieee-p1363" });
    case "PS256": {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return sign(hash, bytes, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
    }
    default:
      return sign(hash, bytes, key);
  }
}

const COMMANDS = {
  rotate() {
    keys = freshKeys();
    renew();
    return {};
  },
  inject_fault({ path, ...rest }) {
    faults.set(path, rest);
    return {};
  },
  relief() {
    faults.clear();
    return {};
  },
  count: ({ path }) => ({ count: counts.get(path) ?? 0 }),
  sign: ({ header, claims }) => ({ token: token(header, claims) }),
};

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
answer({ issuer });
for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...rest } = JSON.parse(line);
  answer(COMMANDS[command](rest));
}
process.exit(0);
