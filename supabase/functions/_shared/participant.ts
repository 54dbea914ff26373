/**
 * Who the caller is for a session or a recovery request: the participant that it is in that one's family.
 *
 * @module
 */
import type { UserContext } from "./authentication.ts";
import { membershipsOf, requireParticipant } from "./caller.ts";
import { Family, read } from "./database.ts";
import { Refusal } from "./errors.ts";

type Lookup = (context: UserContext, id: string) => Promise<string | undefined>;

/**
 * The participant that the caller is in the family of a recovery request.
 *
 * @param claimed - Who the client takes itself for, if it says so.
 * @throws {Refusal} `session_not_found`; `not_a_participant` if the client takes itself for somebody else.
 */
export function participantOfRecovery(
  context: UserContext,
  requestId: string,
  claimed?: string,
): Promise<string> {
  return participantOf(context, requestId, claimed, [familyOfRecovery]);
}

/** The same for an id that may be a session's, a recovery request's or a ceremony's. */
export function participantOfAny(
  context: UserContext,
  id: string,
  claimed?: string,
): Promise<string> {
  return participantOf(context, id, claimed, [familyOfSession, familyOfRecovery, familyOfCeremony]);
}

async function participantOf(
  context: UserContext,
  id: string,
  claimed: string | undefined,
  lookups: readonly Lookup[],
): Promise<string> {
  const families = Object.keys(membershipsOf(context.claims));
  // Who has one family sees only what is of that one: nothing has to be asked.
  if (families.length === 1) return requireParticipant(context.claims, families[0], claimed);
  for (const lookup of lookups) {
    const family = await lookup(context, id);
    if (family !== undefined) return requireParticipant(context.claims, family, claimed);
  }
  throw new Refusal("session_not_found");
}

async function familyOfSession({ supabase }: UserContext, id: string): Promise<string | undefined> {
  const sessions = supabase.from("frost_signing_sessions").select("family_id");
  return read(Family, await sessions.eq("session_id", id).maybeSingle())?.family_id;
}

async function familyOfRecovery(
  { supabase }: UserContext,
  id: string,
): Promise<string | undefined> {
  const requests = supabase.from("sss_signing_requests").select("family_id");
  return read(Family, await requests.eq("request_id", id).maybeSingle())?.family_id;
}

async function familyOfCeremony(
  { supabase }: UserContext,
  id: string,
): Promise<string | undefined> {
  const ceremonies = supabase.from("frost_key_ceremonies").select("family_id");
  return read(Family, await ceremonies.eq("ceremony_id", id).maybeSingle())?.family_id;
}
