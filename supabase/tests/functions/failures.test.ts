import assert from "node:assert/strict";
import { accepted, call, refused, sharedStack, type TestStack } from "../support/answers.ts";
import { BODIES, credentialsFor } from "./endpoints.ts";
import { HttpFamily } from "../support/http_family.ts";
import { logged } from "./logged.ts";

/** The RPC that each function asks first. */
const FIRST_RPC: Readonly<Record<string, string>> = {
  "create-signing-request": "create_signing_sessions",
  "submit-nonce-commitment": "submit_nonce_commitments",
  "submit-nonce-commitments": "submit_nonce_commitments",
  "submit-signature-share": "get_share_checks",
  "submit-signature-shares": "get_share_checks",
  "publish-nonce-commitments": "publish_nonce_commitments",
  "withdraw-nonce-commitments": "withdraw_nonce_commitments",
  "aggregate-signature": "get_signing_session",
  "submit-recovery-share": "submit_recovery_share",
  "reject-recovery-share": "reject_recovery_share",
  "complete-recovery": "get_recovery_request",
  "decline-signing-request": "decline_signing_request",
  "register-key-package": "register_key_package",
};

const stack = sharedStack();

/** Breaks every public function of a name in the stack's database while `work` runs. */
async function without<T>(
  { database }: TestStack,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const [{ signature }] = await database.sql`
    select oid::regprocedure::text as signature from pg_proc
    where pronamespace = 'public'::regnamespace and proname = ${name}`;
  const roles = "authenticated, service_role";
  const [{ acl }] = await database.sql`
    select string_agg(grantee::regrole::text, ', ') as acl
    from pg_proc, aclexplode(proacl)
    where oid = ${signature}::regprocedure and grantee <> proowner`;
  await database.sql.unsafe(`revoke execute on function ${signature} from ${roles}`);
  try {
    return await work();
  } finally {
    await database.sql.unsafe(`grant execute on function ${signature} to ${acl}`);
  }
}

Deno.test("a function whose RPC is broken answers internal, with an id that the log has too", async () => {
  for (const [name, rpc] of Object.entries(FIRST_RPC)) {
    const credentials = await credentialsFor(stack(), name);
    const { result, log } = await logged(() =>
      without(stack(), rpc, () => call(stack(), name, credentials, BODIES[name]))
    );
    refused(result, "internal", name);
    const { requestId, ...rest } = result.body;
    assert.match(String(requestId), /^[0-9a-f-]{36}$/, name);
    assert.ok(log.includes(String(requestId)), `${name}: ${log}`);
    assert.match(log, new RegExp(rpc), name);
    // No name of anything inside, no trace, no SQL.
    assert.deepEqual(rest, {
      success: false,
      code: "internal",
      error: "Something went wrong on our side",
    });
  }
});

Deno.test("a right the service has lost is our fault, not the caller's", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  const { result } = await logged(() =>
    without(stack(), "submit_nonce_commitments", () => family.commit("ann", sessionId))
  );
  refused(result, "internal");
  accepted(await family.commit("ann", sessionId));
});

Deno.test("what fails on the way is in the log without tokens, keys, nonces or shares", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  const [first, second] = [await family.commitmentOf("ann", sessionId), family.freshCommitment()];
  const secrets = [first, second, await family.token("ann"), stack().secretKey];
  const { log } = await logged(async () => {
    await without(
      stack(),
      "submit_nonce_commitments",
      () => family.commit("ann", sessionId, first),
    );
    accepted(await family.commit("ann", sessionId, first));
    accepted(await family.commit("bob", sessionId));
    const share = await family.shareOf("ann", sessionId);
    secrets.push(share);
    refused(await family.share("bob", sessionId, share), "share_invalid");
    refused(await family.commit("ann", sessionId, second), "commitment_already_submitted");
    await without(stack(), "record_signature_shares", () => family.share("ann", sessionId, share));
    await without(stack(), "record_signature_shares", () => family.share("bob", sessionId, share));
    accepted(await family.share("ann", sessionId, share));
    await without(stack(), "get_share_checks", () => family.share("bob", sessionId));
  });
  assert.equal(log.match(/^Request [0-9a-f-]{36} failed:/gm)?.length, 4, log);
  for (const secret of secrets) {
    assert.ok(!log.includes(secret), log);
    // Nor a half of it.
    assert.ok(!log.includes(secret.slice(secret.length / 2)), log);
  }
  // What was refused for good reason is nothing to log.
  assert.doesNotMatch(log, /share_invalid|commitment_already_submitted/);
});

Deno.test("a share that could not be blamed on its sender is no share_invalid", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing();
  const share = await family.shareOf("ann", sessionId);
  const { result } = await logged(() =>
    without(stack(), "record_signature_shares", () => family.share("bob", sessionId, share))
  );
  refused(result, "internal");
});

Deno.test("share checks that cannot be kept are a loss of time, and said in the log", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  accepted(await family.commit("ann", sessionId));
  const { log } = await logged(() =>
    without(stack(), "store_share_verification", async () => {
      assert.equal(accepted(await family.commit("bob", sessionId)).status, "signing");
      accepted(await family.share("ann", sessionId));
      assert.equal(accepted(await family.share("bob", sessionId)).status, "completed");
    })
  );
  assert.match(log, /Keeping the share verification of a session failed/);
});

Deno.test("a database without its tables is internal, with CORS headers", async () => {
  const name = "create-signing-request";
  const credentials = await credentialsFor(stack(), name);
  accepted(await call(stack(), name, credentials, BODIES[name]), 201);
  // The last test: there is no way back.
  await stack().database.sql`drop table public.frost_signing_sessions cascade`;
  const { result } = await logged(() => call(stack(), name, credentials, BODIES[name]));
  refused(result, "internal");
});
