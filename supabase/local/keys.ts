/**
 * The public constants of local development, the same as those of the Supabase CLI, so that one client
 * can talk to either stack. They protect nothing, and must never be used anywhere else.
 */
export const PUBLISHABLE_KEY = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH";

/** Makes a request act as `service_role`. */
export const SECRET_KEY = "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz";

/** Signs user tokens, with HS256. */
export const JWT_SECRET = "super-secret-jwt-token-with-at-least-32-characters-long";

/** The `kid` of that secret. `@supabase/server` looks keys up by it and refuses tokens without one. */
export const JWT_KEY_ID = "permafrost-local";

/** The key set that functions check user tokens against. */
export const JWKS = {
  keys: [{
    kty: "oct",
    kid: JWT_KEY_ID,
    alg: "HS256",
    k: btoa(JWT_SECRET).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
  }],
} as const;
