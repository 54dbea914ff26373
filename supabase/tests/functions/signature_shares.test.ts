import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { CIPHERSUITES } from "../../functions/_shared/frost/suites.ts";
import { accepted, refused, rpcRefused, sharedStack, writesNothing } from "../support/answers.ts";
import { invalidScalars } from "./encodings.ts";
import { randomHex } from "../support/family.ts";
import { HttpFamily, serviceRpc } from "../support/http_family.ts";
import { expire } from "../support/owner.ts";

const stack = sharedStack();

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`a bad share of ${ciphersuite} is blamed on its sender, and the good one still works`, async () => {
    const family = await HttpFamily.found(stack(), { ciphersuite });
    const { Fn } = family.suite;
    const encode = (scalar: bigint) => bytesToHex(Fn.toBytes(scalar));
    const sessionId = await family.signing(["bob", "cleo"]);
    const good = await family.shareOf("bob", sessionId);
    const z = Fn.fromBytes(hexToBytes(good));
    const bad = [
      ...invalidScalars(family.suite),
      ["zero", encode(0n)],
      ["one", encode(1n)],
      ["off by one", encode(Fn.add(z, 1n))],
      ["negated", encode(Fn.neg(z))],
      ["another signer's", await family.shareOf("cleo", sessionId)],
    ] as const;
    await blamed(family, sessionId, "bob", bad);
    assert.equal(accepted(await family.share("bob", sessionId, good)).signatureCount, 1);
    assert.equal(accepted(await family.share("cleo", sessionId)).status, "completed");
  });
}

Deno.test("a share made for another session is share_invalid", async () => {
  const family = await HttpFamily.found(stack());
  const first = await family.signing();
  const second = await family.signing();
  await blamed(family, first, "ann", [["another session's", await family.shareOf("ann", second)]]);
});

Deno.test("the last signer's bad share leaves the session waiting for the good one", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  accepted(await family.share("ann", sessionId));
  await blamed(family, sessionId, "bob", [["random", randomHex(31).padStart(64, "0")]]);
  const { status, missing_signatures } = await family.session(sessionId);
  assert.equal(status, "signing");
  assert.deepEqual(missing_signatures, ["bob"]);
  assert.equal(accepted(await family.share("bob", sessionId)).status, "completed");
});

Deno.test("a share in another spelling than lower-case hex is invalid_input, and blamed on nobody", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  const good = await family.shareOf("ann", sessionId);
  await writesNothing(stack().database.sql, async () => {
    for (const share of [good.toUpperCase(), good.slice(1), `0x${good}`, "", ` ${good}`]) {
      refused(await family.share("ann", sessionId, share), "invalid_input", share);
    }
  });
});

Deno.test("before the signer set is known a share is round_open", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  await nothingComesOf(family, sessionId, "ann", "round_open");
  accepted(await family.commit("ann", sessionId));
  await nothingComesOf(family, sessionId, "ann", "round_open");
});

Deno.test("a participant who did not commit in time is not_a_signer", async () => {
  const family = await HttpFamily.found(stack());
  await nothingComesOf(family, await family.signing(["ann", "bob"]), "cleo", "not_a_signer");
});

Deno.test("a creator who takes no part is not_a_participant", async () => {
  const family = await HttpFamily.found(stack());
  const request = family.request({ participants: ["bob", "cleo"] });
  const sessionId = await family.signing(["bob", "cleo"], request);
  await nothingComesOf(family, sessionId, "ann", "not_a_participant");
});

Deno.test("a share for a session that is over says how it ended", async () => {
  const family = await HttpFamily.found(stack());
  const failed = await family.signing();
  await family.rpc("ann", "fail_signing_session", { p_session_id: failed, p_reason: "no more" });
  await nothingComesOf(family, failed, "ann", "session_finished");
  const expired = await family.signing();
  await expire(family.stack.database.sql, expired);
  await nothingComesOf(family, expired, "ann", "session_expired");
});

Deno.test("a good share for a nonce that was marked used by hand is nonce_reused", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  const p_nonce_commitment = await family.commitmentOf("ann", sessionId);
  const share = await family.shareOf("ann", sessionId);
  const marked = await serviceRpc(stack(), "mark_nonce_as_used", { p_nonce_commitment });
  assert.equal(marked.text, "true");
  const answer = await writesNothing(
    stack().database.sql,
    () => family.share("ann", sessionId, share),
    { events: 1 },
  );
  refused(answer, "nonce_reused");
});

Deno.test("shares can be recorded by no other way than the function", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  const share = await family.shareOf("ann", sessionId);
  const args = { p_session_id: sessionId, p_participant_id: "ann", p_signature_share: share };
  await writesNothing(stack().database.sql, async () => {
    const asMember = await family.rpc("ann", "record_signature_share", args);
    assert.ok(asMember.status === 401 || asMember.status === 403 || asMember.status === 404);
    const direct = await fetch(`${stack().apiUrl}/rest/v1/frost_signature_shares`, {
      method: "POST",
      headers: {
        apikey: stack().publishableKey,
        authorization: `Bearer ${await family.token("ann")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({
        session_id: sessionId,
        participant_id: "ann",
        signature_share: share,
      }),
    });
    await direct.body?.cancel();
    assert.equal(direct.status, 403);
  });
});

Deno.test("whom a share can be blamed on takes part in the session", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  const blame = (p_session_id: string, p_participant_id: string) =>
    serviceRpc(stack(), "record_refused_share", {
      p_session_id,
      p_participant_id,
      p_reason: "bad",
    });
  await writesNothing(stack().database.sql, async () => {
    rpcRefused(await blame(sessionId, "mallory"), "not_a_participant");
    rpcRefused(await blame("none", "ann"), "session_not_found");
  });
});

/** Submits bad shares: nothing comes of each but an event that names its sender. */
async function blamed(
  family: HttpFamily,
  sessionId: string,
  participant: string,
  bad: readonly (readonly [what: string, share: string])[],
): Promise<void> {
  const { sql } = stack().database;
  const reasons: unknown[] = [];
  await writesNothing(sql, async () => {
    for (const [what, share] of bad) {
      const answer = await family.share(participant, sessionId, share);
      refused(answer, "share_invalid", what);
      reasons.push(answer.body.error);
    }
  }, { events: bad.length });
  const events = await sql`
    select event, actor, detail from public.frost_events
    where subject = 'session' and subject_id = ${sessionId} order by seq desc limit ${bad.length}`;
  assert.deepEqual(
    events.map((event) => ({ ...event })).reverse(),
    bad.map(([, share], i) => ({
      event: "share_refused",
      actor: participant,
      detail: { code: "share_invalid", quorum: 1, reason: reasons[i], signature_share: share },
    })),
  );
  assert.doesNotMatch(JSON.stringify(reasons), /[0-9a-f]{16}/, "The sentence holds the share");
}

async function nothingComesOf(
  family: HttpFamily,
  sessionId: string,
  participant: string,
  code: Parameters<typeof refused>[1],
): Promise<void> {
  const share = randomHex(31).padStart(64, "0");
  const answer = await writesNothing(
    stack().database.sql,
    () => family.share(participant, sessionId, share),
  );
  refused(answer, code);
}
