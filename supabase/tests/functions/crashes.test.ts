import assert from "node:assert/strict";
import { schnorr } from "@noble/curves/secp256k1.js";
import { hexToBytes } from "@noble/curves/utils.js";
import {
  accepted,
  type Answer,
  type Json,
  refused,
  sharedStack,
  writesNothing,
} from "../support/answers.ts";
import { HttpFamily, serviceRpc } from "../support/http_family.ts";
import { logged } from "./logged.ts";

const stack = sharedStack();

/** A session with all its shares, whose last caller died before the signature. */
async function abandoned(): Promise<{ family: HttpFamily; sessionId: string }> {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  accepted(await family.share("ann", sessionId));
  const { body } = await serviceRpc(stack(), "record_signature_share", {
    p_session_id: sessionId,
    p_participant_id: "bob",
    p_signature_share: await family.shareOf("bob", sessionId),
  });
  assert.equal(body.status, "aggregating");
  return { family, sessionId };
}

/** That it completed, with a signature that verifies under the dealt key. */
async function completed(family: HttpFamily, sessionId: string, answer: Answer): Promise<void> {
  const { status, message_hash, final_signature } = await family.session(sessionId);
  assert.equal(status, "completed");
  assert.equal(accepted(answer).finalSignature, final_signature);
  const [signature, message, key] = [
    final_signature,
    message_hash,
    family.key.registration.groupPublicKey,
  ]
    .map((hex) => hexToBytes(String(hex)));
  assert.equal(schnorr.verify(signature, message, key.subarray(1)), true);
}

/** What is kept of a session's share checks, as the tables' owner changes it; null for nothing. */
async function tamper(sessionId: string, change: Readonly<Record<string, unknown>> | null) {
  const { sql } = stack().database;
  if (change === null) {
    await sql`delete from permafrost.share_verifications where session_id = ${sessionId}`;
  } else {
    await sql`
      update permafrost.share_verifications set verification = verification || ${
      sql.json(JSON.parse(JSON.stringify(change)))
    } where session_id = ${sessionId}`;
  }
}

Deno.test("aggregate-signature finishes what the last signer's call left, for any participant, whose list has it", async () => {
  for (const participant of ["ann", "bob", "cleo"]) {
    const { family, sessionId } = await abandoned();
    const awaiting = await family.rpc(participant, "list_signing_sessions", {
      p_awaiting_me: true,
    });
    const listed: Json[] = JSON.parse(awaiting.text);
    assert.deepEqual(listed.map(({ session_id }) => session_id), [sessionId], participant);
    const answer = await family.call(participant, "aggregate-signature", { sessionId });
    await completed(family, sessionId, answer);
    const again = await writesNothing(
      stack().database.sql,
      () => family.call("bob", "aggregate-signature", { sessionId }),
    );
    assert.deepEqual(accepted(again), accepted(answer));
  }
});

Deno.test("the same share again finishes what its call left", async () => {
  const { family, sessionId } = await abandoned();
  await completed(family, sessionId, await family.share("bob", sessionId));
});

Deno.test("all who finish at once are answered with the one signature", async () => {
  const { family, sessionId } = await abandoned();
  const share = await family.shareOf("bob", sessionId);
  const answers = await Promise.all(
    Array.from(
      { length: 12 },
      (_, i) =>
        i % 2 === 0
          ? family.call("ann", "aggregate-signature", { sessionId })
          : family.share("bob", sessionId, share),
    ),
  );
  for (const answer of answers) await completed(family, sessionId, answer);
  const [{ count }] = await stack().database.sql`
    select count(*)::int from public.frost_events
    where subject = 'session' and subject_id = ${sessionId} and event = 'completed'`;
  assert.equal(count, 1);
});

Deno.test("aggregate-signature is round_open until every share is there", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  const aggregate = () =>
    writesNothing(
      stack().database.sql,
      () => family.call("ann", "aggregate-signature", { sessionId }),
    );
  refused(await aggregate(), "round_open");
  accepted(await family.commit("ann", sessionId));
  refused(await aggregate(), "round_open");
  accepted(await family.commit("bob", sessionId));
  refused(await aggregate(), "round_open");
  accepted(await family.share("ann", sessionId));
  refused(await aggregate(), "round_open");
});

Deno.test("share checks that a crash left out are computed again, and kept", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  await tamper(sessionId, null);
  accepted(await family.share("ann", sessionId));
  const [{ kept }] = await stack().database.sql`
    select jsonb_array_length(verification -> 'signers') as kept
    from permafrost.share_verifications where session_id = ${sessionId}`;
  assert.equal(kept, 2);
  await tamper(sessionId, null);
  await completed(family, sessionId, await family.share("bob", sessionId));
});

Deno.test("a bad share is found without what was kept, too", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  await tamper(sessionId, null);
  const share = await family.shareOf("bob", sessionId);
  refused(await family.share("ann", sessionId, share), "share_invalid");
});

Deno.test("share checks without the signer's entry are computed again", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  await tamper(sessionId, { signers: [] });
  accepted(await family.share("ann", sessionId));
  await completed(family, sessionId, await family.share("bob", sessionId));
});

Deno.test("what was kept and is wrong is not used: the call that finishes the session computes it again", async () => {
  const { family, sessionId } = await abandoned();
  await tamper(sessionId, { group_commitment: family.key.registration.groupPublicKey });
  const share = await family.shareOf("bob", sessionId);
  await completed(family, sessionId, await family.share("bob", sessionId, share));
});

Deno.test("under which key and of what a signature is made is not read from what was kept", async () => {
  const other = await HttpFamily.found(stack());
  const { groupPublicKey } = other.key.registration;
  for (const change of [{ group_public_key: groupPublicKey }, { message: "00".repeat(32) }]) {
    const { family, sessionId } = await abandoned();
    await tamper(sessionId, change);
    await completed(family, sessionId, await family.share("bob", sessionId));
  }
});

Deno.test("what was kept for another message does not complete a session with that message's signature", async () => {
  const family = await HttpFamily.found(stack());
  const meant = await family.signing();
  const misled = await family.signing();
  const { sql } = stack().database;
  await sql`
    update permafrost.share_verifications as v set verification = other.verification
    from permafrost.share_verifications as other
    where v.session_id = ${misled} and other.session_id = ${meant}`;
  const { result } = await logged(async () => {
    await family.share("ann", misled, await family.shareOf("ann", meant));
    return await family.share("bob", misled, await family.shareOf("bob", meant));
  });
  assert.notEqual(result.status, 200, result.text);
  assert.notEqual((await family.session(misled)).status, "completed");
});

Deno.test("nothing is kept for a session whose signers are not known yet, nor put over what is there", async () => {
  const family = await HttpFamily.found(stack());
  const keep = (p_session_id: string) =>
    serviceRpc(stack(), "store_share_verification", {
      p_session_id,
      p_verification: { signers: [] },
    });
  const sessionId = await family.create();
  assert.equal((await keep(sessionId)).text, "false");
  assert.equal((await keep(await family.signing())).text, "false");
  assert.equal((await keep("none")).text, "false");
});
