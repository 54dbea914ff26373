/**
 * The public constants of local development, the same as those of the Supabase CLI, so that one client
 * can talk to either stack. They protect nothing, and must never be used anywhere else.
 */
export const PUBLISHABLE_KEY = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH";

/** Makes a request act as `service_role`. */
export const SECRET_KEY = "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz";

const PUBLIC_HALF = {
  kty: "EC",
  crv: "P-256",
  alg: "ES256",
  kid: "b81269f1-21d8-4f2e-b719-c2240a840d90",
  x: "M5Sjqn5zwC9Kl1zVfUUGvv9boQjCGd45G8sdopBExB4",
  y: "P6IXMvA2WYXSHSOMTBH2jsw_9rrzGy89FjPf6oOsIxQ",
} as const;

/** Signs user tokens. */
export const SIGNING_KEY = {
  ...PUBLIC_HALF,
  d: "dIhR8wywJlqlua4y_yMq2SLhlFXDZJBCvFrY1DCHyVU",
} as const;

/**
 * The key set that user tokens are checked against, and that is published. It holds no shared secret: on a
 * hosted project it never does, and a token that is signed with one has to be refused here too.
 */
export const JWKS = { keys: [{ ...PUBLIC_HALF, use: "sig", key_ops: ["verify"] }] };
