import { parseArgs } from "node:util";
import { Buffer } from "node:buffer";
import { BadArguments, readArguments } from "./command_line.ts";
import { sign } from "./signing.ts";

/** Whose token to sign. */
export interface TokenRequest {
  readonly participant: string;
  readonly family: string;
  /** Seconds until it expires; an hour if not given. May be negative, for a token that has expired. */
  readonly expiresIn?: number;
  /** Further claims, or other values for those set here. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

const ISSUER = "http://127.0.0.1:54321/auth/v1";

/**
 * Signs a user token as Supabase Auth would, with the local signing key. The family and the participant are
 * in `app_metadata`, where a hosted project has them unless a hook puts them at the top level.
 */
export async function signToken(request: TokenRequest): Promise<string> {
  const { participant, family, expiresIn = 3600, claims = {} } = request;
  const now = Math.floor(Date.now() / 1000);
  return await sign({
    iss: ISSUER,
    sub: await userId(participant),
    aud: "authenticated",
    role: "authenticated",
    iat: Math.min(now, now + expiresIn),
    exp: now + expiresIn,
    app_metadata: { family_id: family, participant_id: participant },
    ...claims,
  });
}

/** The user id of a participant: always the same one, and a different one for each. */
export async function userId(participant: string): Promise<string> {
  const name = new TextEncoder().encode(`permafrost participant ${participant}`);
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", name)).slice(0, 16);
  // RFC 9562, section 5.8: version 8 is for ids made by an application's own rule.
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const USAGE =
  `Usage: deno task token --participant <id> --family <id> [--expires-in <seconds>] [--claims <json>]
Prints a user token for the stack of "deno task dev". It is good for an hour if not told otherwise;
--expires-in=-1 makes one that has expired. --claims adds claims, or other values for those that
are there: --claims '{"families":{"another-family":"guardian7"}}' makes a member of two families.`;

function readRequest(args: string[]): TokenRequest {
  const { values } = parseArgs({
    args,
    options: {
      participant: { type: "string" },
      family: { type: "string" },
      "expires-in": { type: "string", default: "3600" },
      claims: { type: "string", default: "{}" },
    },
  });
  const { participant, family, "expires-in": expiresIn } = values;
  if (!participant || !family) throw new BadArguments("A token needs a participant and a family");
  if (!/^-?\d{1,9}$/.test(expiresIn)) {
    throw new BadArguments(`"${expiresIn}" is not a whole number of seconds`);
  }
  return { participant, family, expiresIn: Number(expiresIn), claims: readClaims(values.claims) };
}

function readClaims(text: string): Readonly<Record<string, unknown>> {
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch {
    // Refused below, as what is no object.
  }
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
    throw new BadArguments(`The claims must be a JSON object, as {"families":{"f":"guardian1"}}`);
  }
  return { ...claims };
}

if (import.meta.main) {
  console.log(await signToken(readArguments(USAGE, readRequest)));
}
