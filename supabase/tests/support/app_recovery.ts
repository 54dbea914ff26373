/** What recoveries in tests have in common. */
import { RecoveryGuardian } from "../../../client/recovery/guardian.ts";
import { RecoveryRequester } from "../../../client/recovery/requester.ts";
import { RecoveryRequests } from "../../../client/recovery/requests.ts";
import { type AppFamily, type Member, must } from "./app_family.ts";
import type { RequestBody } from "./family.ts";

const yes = () => true;

/** A guardian gives its share to a request, as its app would. */
export async function give(
  { supabase, keyShare }: Member,
  requestId: string,
  approve: Parameters<RecoveryGuardian["submitShare"]>[1]["approve"] = yes,
) {
  const { request } = must(await new RecoveryRequests(supabase).get(requestId));
  return await new RecoveryGuardian(supabase).submitShare(request, { keyShare, approve });
}

/** A request of the first member's device. */
export async function asked(family: AppFamily, more: Partial<RequestBody> = {}) {
  const ask = { ...family.request(), ...more, useCase: "emergency_recovery" };
  const requester = RecoveryRequester.prepare(family.members[0].supabase, ask);
  return { requester, ask, requestId: must(await requester.send()).requestId };
}
