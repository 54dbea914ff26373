/**
 * How a ceremony ends for a device: with a share, without one, or with a no.
 *
 * @module
 */
import { isSignedByHostKey } from "../../supabase/functions/_shared/ceremony/terms.ts";
import { ChillDkgError } from "../../supabase/functions/_shared/chilldkg/errors.ts";
import { type Failure, failure, type Result, success } from "../result.ts";
import { mayPass } from "../sessions/wait.ts";
import { rpc } from "../transport.ts";
import { accuse, culpritOf } from "./accusation.ts";
import { type CeremonyView, readMessages } from "./reading.ts";
import { FaultyCoordinatorError, hashOfReshare, isFault } from "./shown.ts";
import type { DecidedRecord } from "./store.ts";
import type { JoinedCeremony, Part } from "./taking_part.ts";

/** The share becomes usable once this device has seen that all have confirmed the same. */
export async function finish(
  part: Part,
  view: CeremonyView,
  decided?: DecidedRecord,
): Promise<Result<JoinedCeremony> | undefined> {
  const { ceremonyId: id, supabase, store, participantId, signal } = part;
  const { terms, paramsId } = view;
  const isLeaving = !terms.participants.includes(participantId);
  if (!isLeaving && decided?.decision !== "confirmed") {
    return failure(
      "coordinator_faulty",
      "The server calls the ceremony completed, and this device has not confirmed it",
    );
  }
  const read = await readMessages(supabase, id, { signal });
  if (!read.success) return mayPass(read) ? undefined : read;
  const confirmed = decided?.decision === "confirmed" ? decided : undefined;
  let hash = confirmed?.confirmation_hash;
  try {
    hash ??= hashOfReshare(view, read.messages);
  } catch (error) {
    if (!isFault(error)) throw error;
    // Where it was dealt anew once more since, the ciphertexts are gone.
    return failure("coordinator_faulty", `The new key cannot be verified: ${error.message}`);
  }
  const without = terms.participants.find((who, i) => {
    const confirmation = read.messages.find(({ round, sender }) => round === 3 && sender === who)
      ?.payload.confirmation;
    return typeof confirmation !== "string" ||
      !isSignedByHostKey(hash, confirmation, terms.hostPublicKeys[i]);
  });
  if (without !== undefined) {
    return failure(
      "coordinator_faulty",
      `${without} has not confirmed what this device has seen`,
    );
  }
  if (confirmed === undefined) {
    await store.create(id, "finished", { params_id: paramsId, outcome: "dealt" });
    await store.remove(id, "begun");
    return success({ view });
  }
  await store.create(id, "finished", { params_id: paramsId, outcome: "active" });
  for (const stage of ["begun", "certified"] as const) await store.remove(id, stage);
  return success({ view, keyShare: confirmed.key_share, epoch: confirmed.epoch });
}

/** That it was not completed: why, and that this device never signs it. */
export async function endedWithout(part: Part, view: CeremonyView): Promise<Failure> {
  const { ceremonyId: id, store, participantId } = part;
  const { status, errorMessage, blamed, paramsId, terms } = view;
  const signed = await store.read(id, "certified") ?? await store.read(id, "decided");
  // Others may have completed it: what is signed is kept. They need no signature of a dealer who gets no share.
  if (signed === undefined && terms.participants.includes(participantId)) {
    const reason = status === "expired" ? "It has expired" : `It has failed: ${errorMessage}`;
    await store.create(id, "decided", { decision: "refused", params_id: paramsId, reason });
    await store.remove(id, "begun");
  }
  if (status === "expired") return failure("session_expired", "The ceremony has expired");
  if (errorMessage === "key_retired") {
    return failure("key_retired", "The family's key was replaced meanwhile");
  }
  const names = blamed.length > 0 ? ` Blamed: ${blamed.join(", ")}.` : "";
  return failure("ceremony_failed", `The ceremony has failed: ${errorMessage}.${names}`);
}

/** Never to sign this ceremony is kept first; then the others are told, with evidence where there is some. */
export async function refuse(
  part: Part,
  view: CeremonyView,
  error: Error,
): Promise<Failure | undefined> {
  const { ceremonyId: id, store, supabase, participantId, hostKey, signal } = part;
  const { message: reason } = error;
  const record = { decision: "refused", params_id: view.paramsId, reason } as const;
  if (!await store.create(id, "decided", record)) {
    const decided = await store.read(id, "decided");
    if (decided?.decision === "confirmed") return undefined; // another process was faster
  }
  const read = await readMessages(supabase, id, { signal });
  const culprit = read.success
    ? culpritOf(view, read.messages, participantId, hostKey, error)
    : undefined;
  const told = culprit === undefined
    ? undefined
    : await accuse(supabase, view, participantId, hostKey, culprit, { signal });
  await store.remove(id, "begun");
  if (told?.success) return failure("ceremony_message_invalid", `${culprit?.sender}: ${reason}`);
  await tellNo(part, reason);
  const isCoordinator = error instanceof FaultyCoordinatorError ||
    error instanceof ChillDkgError && culprit === undefined;
  return isCoordinator
    ? failure("coordinator_faulty", reason)
    : failure("ceremony_message_invalid", reason);
}

/** Says no to the ceremony, for all to read. */
export async function tellNo(
  { ceremonyId, supabase, signal }: Part,
  reason: string,
): Promise<void> {
  await rpc(
    supabase,
    "decline_signing_request",
    { p_session_id: ceremonyId, p_reason: reason.slice(0, 1000) },
    () => ({}),
    { safe: true, signal },
  );
}
