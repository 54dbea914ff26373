/**
 * Who calls, by the rule the database has too (`permafrost.claim`): a non-empty string at the top level of
 * the claims, else in `app_metadata`; for a participant, `sub` after both. `user_metadata` is its owner's
 * to write, and never read.
 *
 * @module
 */
import { Refusal } from "./errors.ts";
import type { Context } from "./http.ts";

type Claims = Context["jwtClaims"];

function claim(claims: Claims, name: string): string | undefined {
  for (const value of [claims?.[name], claims?.app_metadata?.[name]]) {
    if (typeof value === "string" && value !== "") return value;
  }
}

/** The family a caller belongs to, if any. */
export function familyOf(claims: Claims): string | undefined {
  return claim(claims, "family_id");
}

/**
 * The participant a caller is.
 *
 * @throws {Refusal} `unauthorized` where the claims name nobody.
 */
export function participantOf(claims: Claims): string {
  const participant = claim(claims, "participant_id") ?? claims?.sub;
  if (typeof participant !== "string" || participant === "") {
    throw new Refusal("unauthorized", "The access token names no participant");
  }
  return participant;
}
