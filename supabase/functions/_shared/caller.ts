/**
 * Who calls, in each of its families: the rule that the database has too (`permafrost.memberships`). One
 * table of cases tests both.
 *
 * 1. In the family that `family_id` names, the caller is `participant_id`, else `sub`, else nobody.
 * 2. In any other family, it is what `families` (`{"<family>": "<participant>"}`) says.
 * 3. Everywhere else, it is nobody.
 *
 * Each claim is looked up by itself, at the top level first, then in `app_metadata`; `families` is taken from
 * the first place where it is an object. Only a non-empty string is a claim. `user_metadata` is never read:
 * its owner can write it.
 *
 * @module
 */
import { Refusal } from "./errors.ts";

/** What a verified access token says. */
export type Claims = Readonly<Record<string, unknown>>;

type Memberships = Readonly<Record<string, string>>;

/** Who the caller is in each of its families: `{family: participant}`. */
export function membershipsOf(claims: Claims): Memberships {
  const families = firstOf(claims, "families", isObject) ?? {};
  const memberships = new Map(
    Object.entries(families).filter((entry): entry is [string, string] => entry.every(isName)),
  );
  const family = firstOf(claims, "family_id", isName);
  if (family !== undefined) {
    // This family's own claims decide, also where they name nobody.
    memberships.delete(family);
    const participant = firstOf(claims, "participant_id", isName) ?? claims.sub;
    if (isName(participant)) memberships.set(family, participant);
  }
  return Object.fromEntries(memberships);
}

/** The participant that the caller is in a family; `undefined` if it is not a member. */
export function participantIn(claims: Claims, family: string): string | undefined {
  const memberships = membershipsOf(claims);
  return Object.hasOwn(memberships, family) ? memberships[family] : undefined;
}

/**
 * The participant that the caller is in a family.
 *
 * @param claimed - Who the client takes itself for, if it says so: a device that holds somebody else's token
 *   would act in that guardian's name.
 * @throws {Refusal} `not_in_family`; `not_a_participant` if the client takes itself for somebody else.
 */
export function requireParticipant(claims: Claims, family: string, claimed?: string): string {
  const participant = participantIn(claims, family);
  if (participant === undefined) throw new Refusal("not_in_family");
  if (claimed !== undefined && claimed !== participant) {
    throw new Refusal(
      "not_a_participant",
      `The access token is that of participant ${JSON.stringify(participant)}, not of ${
        JSON.stringify(claimed)
      }`,
    );
  }
  return participant;
}

function firstOf<T>(
  claims: Claims,
  name: string,
  isClaim: (value: unknown) => value is T,
): T | undefined {
  const { app_metadata } = claims;
  const values = [claims[name], isObject(app_metadata) ? app_metadata[name] : undefined];
  return values.find(isClaim);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isObject(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
