/**
 * Telling people through the project's own provider: one signed POST with ids, and nothing else. The provider knows
 * whose address belongs to a participant; this does not.
 *
 * @module
 */
import { Refusal } from "./errors.ts";

/** What the provider is told. Its keys are in this order in the body. */
export interface Notification {
  /** It awaits them; it is signed; it failed or expired before they had answered. */
  readonly kind: "awaits_you" | "done" | "withdrawn";
  readonly familyId: string;
  readonly subject: "session" | "recovery" | "ceremony";
  readonly id: string;
  readonly participants: readonly string[];
}

/** Where to, and under which secret: settings of the project. */
export interface Provider {
  readonly url: URL;
  readonly secret: string;
}

const LOCAL = ["localhost", "127.0.0.1", "[::1]"];

const LIMIT_SECONDS = 10;

/**
 * The provider that the project has set.
 *
 * @throws {Refusal} `internal`, with what is wrong with the settings.
 */
export function providerOf(url: string | undefined, secret: string | undefined): Provider {
  const { protocol, hostname } = URL.parse(url ?? "") ?? {};
  if (protocol !== "https:" && !(protocol === "http:" && LOCAL.includes(hostname ?? ""))) {
    throw new Refusal(
      "internal",
      "The secret PERMAFROST_NOTIFY_URL must be set, to the https URL of the provider",
    );
  }
  if (secret === undefined || secret.length < 32) {
    throw new Refusal(
      "internal",
      "The secret PERMAFROST_NOTIFY_SECRET must be set, to 32 characters or more",
    );
  }
  return { url: new URL(url ?? ""), secret };
}

/**
 * Hands a notification to the provider.
 *
 * The header `permafrost-signature` is `t=<Unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>" under the secret, 64 hex characters>`.
 *
 * @param key - The same each time that this is sent: the provider drops what it has had.
 * @throws {Refusal} `internal` unless the provider answers 2xx within 10 seconds; it follows no redirect.
 */
export async function notify(
  { url, secret }: Provider,
  notification: Notification,
  key: string,
): Promise<void> {
  const body = JSON.stringify(notification);
  const time = Math.floor(Date.now() / 1000);
  const headers = {
    "content-type": "application/json",
    "idempotency-key": key,
    "permafrost-signature": `t=${time},v1=${await hmac(secret, `${time}.${body}`)}`,
  };
  const status = await post(url, headers, body);
  if (status < 200 || status > 299) {
    throw new Refusal("internal", `The provider at PERMAFROST_NOTIFY_URL answered ${status}`);
  }
}

async function post(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<number> {
  const signal = AbortSignal.timeout(LIMIT_SECONDS * 1000);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      signal,
      redirect: "manual",
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    // Not in the error's own words: they have the URL, in which some providers have a key.
    throw new Refusal(
      "internal",
      signal.aborted
        ? `The provider at PERMAFROST_NOTIFY_URL did not answer within ${LIMIT_SECONDS} seconds`
        : "The provider at PERMAFROST_NOTIFY_URL cannot be reached",
    );
  }
}

async function hmac(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, [
    "sign",
  ]);
  const mac = await crypto.subtle.sign("HMAC", key, encoder.encode(text));
  return Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
