/** What has happened in a family whose numbers are known. */
import { accepted, refused, type TestStack } from "../support/answers.ts";
import { randomHex } from "../support/family.ts";
import { HttpFamily, serviceRpc } from "../support/http_family.ts";
import { pastTheGuards } from "../support/owner.ts";

/** Calls `frost_signing_metrics`. */
export function metricsOf(stack: TestStack, args: Record<string, unknown> = {}) {
  return serviceRpc(stack, "frost_signing_metrics", args);
}

/**
 * Three sessions completed, one failed, one expired that nobody has swept, one pending, one in which a
 * nonce was tried again, and one aggregating, whose last caller died `stuckFor` seconds ago. Two bad
 * shares of ann's, one of bob's.
 */
export async function eventfulFamily(stack: TestStack, stuckFor: number, id?: string) {
  const family = await HttpFamily.found(stack, { id });
  for (let i = 0; i < 3; i++) await family.completed();
  const failed = await family.create();
  await family.rpc("ann", "fail_signing_session", { p_session_id: failed, p_reason: "no more" });
  const expired = await family.create();
  await backdate(stack, expired, { expires_at: 1, created_at: 10_000 });
  await family.create();

  const first = await family.create();
  const commitment = family.freshCommitment();
  accepted(await family.commit("ann", first, commitment));
  refused(await family.commit("bob", first, commitment), "nonce_reused");

  const stuck = await family.signing();
  const bad = () => randomHex(31).padStart(64, "0");
  for (const who of ["ann", "bob", "ann"]) {
    refused(await family.share(who, stuck, bad()), "share_invalid");
  }
  accepted(await family.share("ann", stuck));
  await serviceRpc(stack, "record_signature_share", {
    p_session_id: stuck,
    p_participant_id: "bob",
    p_signature_share: await family.shareOf("bob", stuck),
  });
  await backdate(stack, stuck, { aggregating_started_at: stuckFor * 1000 });
  return { family, stuck };
}

/** Sets times of a session to so many milliseconds ago, as nobody can but the tables' owner. */
export async function backdate(
  { database }: TestStack,
  sessionId: string,
  ago: Readonly<Record<string, number>>,
): Promise<void> {
  const set = Object.entries(ago).map(([column, ms]) => `${column} = ${Date.now() - ms}`);
  await pastTheGuards(database.sql, (sql) =>
    sql.unsafe(
      `update public.frost_signing_sessions set ${set.join(", ")} where session_id = $1`,
      [sessionId],
    ));
}
