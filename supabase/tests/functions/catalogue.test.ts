import assert from "node:assert/strict";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import { dealKey } from "../../../client/guardian/dealer.ts";
import { type ErrorCode, ERRORS } from "../../functions/_shared/errors.ts";
import { signToken } from "../../local/token.ts";
import { accepted, type Answer, call, refused, sharedStack, STATUS } from "../support/answers.ts";
import { randomHex } from "../support/family.ts";
import { HttpFamily, register } from "../support/http_family.ts";
import { expire } from "../support/owner.ts";
import { logged } from "./logged.ts";

const stack = sharedStack();

/** Codes that the database never has a reason for. */
const NOT_IN_SQL = [
  "internal",
  "invalid_json",
  "method_not_allowed",
  "payload_too_large",
  "signature_invalid",
  "unauthorized",
];

Deno.test("the catalogue has the codes and statuses that are promised, each with a sentence", () => {
  const statuses = Object.entries(ERRORS).map(([code, [status]]) => [code, status]);
  assert.deepEqual(Object.fromEntries(statuses), STATUS);
  for (const [code, [, sentence]] of Object.entries(ERRORS)) {
    assert.match(sentence, /^[A-Z].{10,}[^.]$/, code);
  }
});

Deno.test("permafrost.http_status_of has the same statuses, and every code but the functions' own", async () => {
  const { sql } = stack().database;
  const rows = await sql`
    select code, permafrost.http_status_of(code) as status from unnest(${
    Object.keys(STATUS)
  }::text[]) as code`;
  const missing = rows.filter(({ status }) => status === null).map(({ code }) => code);
  assert.deepEqual(missing.sort(), NOT_IN_SQL);
  for (const { code, status } of rows) {
    if (status !== null) assert.equal(status, ERRORS[code as ErrorCode][0], code);
  }
});

Deno.test("permafrost.http_status_of and the database's refusals name no code that the catalogue lacks", async () => {
  const { sql } = stack().database;
  const [{ source }] = await sql`
    select pg_get_function_sqlbody('permafrost.http_status_of(text)'::regprocedure) as source`;
  const inSql = [...String(source).matchAll(/'([a-z]+(?:_[a-z]+)+)'/g)].map(([, code]) => code);
  assert.ok(inSql.length >= 20, String(source));
  assert.deepEqual(inSql.filter((code) => !(code in ERRORS)), []);
  const used = await sql`
    select distinct (regexp_matches(prosrc, 'refuse\\(\\s*''([a-z_]+)''', 'g'))[1] as code
    from pg_proc where pronamespace = 'permafrost'::regnamespace`;
  assert.ok(used.length >= 15);
  assert.deepEqual(used.map(({ code }) => code).filter((code) => !inSql.includes(code)), []);
});

/** For each code a request that is refused with it. */
const PRODUCED: Readonly<Record<ErrorCode, (family: HttpFamily) => Promise<Answer>>> = {
  invalid_json: (family) => family.call("ann", "aggregate-signature", "{"),
  invalid_input: (family) => family.call("ann", "aggregate-signature", {}),
  unauthorized: () => call(stack(), "aggregate-signature", {}, {}),
  not_in_family: (family) =>
    family.call("ann", "create-signing-request", family.request({ familyId: "other" })),
  not_a_participant: async (family) => {
    const participants = ["bob", "cleo"];
    const sessionId = await family.create(family.request({ participants }));
    return await family.commit("ann", sessionId, family.freshCommitment());
  },
  not_a_signer: async (family) => await family.share("cleo", await family.signing(), "00"),
  not_the_creator: async (family) => {
    const requestId = await family.create(family.request({ preferredMethod: "sss" }));
    const body = { requestId, guardianId: "ann", reason: "bad" };
    return await family.call("bob", "reject-recovery-share", body);
  },
  session_not_found: (family) => family.call("ann", "aggregate-signature", { sessionId: "none" }),
  method_not_allowed: () =>
    call(stack(), "aggregate-signature", {}, undefined, { method: "DELETE" }),
  payload_too_large: (family) => family.call("ann", "aggregate-signature", " ".repeat(65_537)),
  nonce_reused: async (family) => {
    const commitment = family.freshCommitment();
    await family.commit("ann", await family.create(), commitment);
    return await family.commit("ann", await family.create(), commitment);
  },
  commitment_already_submitted: async (family) => {
    const sessionId = await family.create();
    await family.commit("ann", sessionId, family.freshCommitment());
    return await family.commit("ann", sessionId, family.freshCommitment());
  },
  share_already_submitted: async (family) =>
    await family.share("ann", await family.completed(), "00"),
  round_closed: async (family) =>
    await family.commit("cleo", await family.signing(), family.freshCommitment()),
  round_open: async (family) => await family.share("ann", await family.create(), "00"),
  invalid_transition: async (family) => {
    const sessionId = await family.create();
    await family.call("ann", "decline-signing-request", { sessionId, reason: "no" });
    return await family.commit("ann", sessionId, family.freshCommitment());
  },
  session_finished: async (family) =>
    await family.commit("cleo", await family.completed(), family.freshCommitment()),
  share_owed: async (family) => {
    const sessionId = await family.signing(undefined, family.request({ mode: "robust" }));
    return await family.commit("ann", sessionId, family.freshCommitment());
  },
  key_retired: async (family) => {
    const sessionId = await family.create();
    const { registration } = dealKey({ ...family.key.registration });
    accepted(await register(stack(), registration), 201);
    return await family.commit("ann", sessionId, family.freshCommitment());
  },
  session_expired: async (family) => {
    const sessionId = await family.signing();
    await expire(family.stack.database.sql, sessionId);
    return await family.share("ann", sessionId, "00");
  },
  no_key_package: async (family) => {
    const body = { ...family.request(), familyId: "keyless", preferredMethod: "sss" };
    const token = await signToken({ participant: "ann", family: "keyless" });
    return await call(stack(), "create-signing-request", { token }, body);
  },
  message_hash_invalid: (family) =>
    family.call("ann", "create-signing-request", family.request({ messageHash: "00" })),
  participants_invalid: (family) =>
    family.call("ann", "create-signing-request", family.request({ participants: ["eve", "ann"] })),
  threshold_invalid: (family) =>
    family.call("ann", "create-signing-request", family.request({ threshold: 1 })),
  commitment_invalid: async (family) => await family.commit("ann", await family.create(), "00"),
  share_invalid: async (family) => await family.share("ann", await family.signing(), "00"),
  signature_invalid: async (family) => {
    const requestId = await family.create(family.request({ preferredMethod: "sss" }));
    return await family.call("ann", "complete-recovery", { requestId, finalSignature: "00" });
  },
  host_key_invalid: (family) => {
    const { publicKey: hostPublicKey } = HostKey.generate();
    const proof = HostKey.generate().proof(family.id, "ann");
    const body = { familyId: family.id, hostPublicKey, proof };
    return family.call("ann", "register-host-key", body);
  },
  ceremony_message_invalid: async (family) => {
    const { id: familyId } = family;
    for (const name of ["ann", "bob"]) {
      const hostKey = HostKey.generate();
      const proof = hostKey.proof(familyId, name);
      const body = { familyId, hostPublicKey: hostKey.publicKey, proof };
      accepted(await family.call(name, "register-host-key", body));
    }
    const participants = ["ann", "bob"];
    const { ceremonyId } = accepted(
      await family.call("ann", "create-key-ceremony", {
        familyId,
        kind: "dkg",
        threshold: 2,
        participants,
      }),
      201,
    );
    const payload = { message: "00", signature: "00".repeat(64) };
    return await family.call("ann", "submit-ceremony-message", { ceremonyId, round: 1, payload });
  },
  key_package_invalid: (family) =>
    register(stack(), { ...family.key.registration, verifyingShares: {} }),
  event_mismatch: (family) =>
    family.call("ann", "create-signing-request", {
      ...family.eventRequest(),
      messageHash: randomHex(32),
    }),
  rate_limited: async (family) => {
    await stack().database.sql`
      insert into permafrost.limits (limit_name, family_id, value)
      values ('creations_per_minute', ${family.id}, 0)`;
    return await family.call("ann", "create-signing-request", family.request());
  },
  internal: async (family) => {
    const { sql } = stack().database;
    await sql`alter function public.get_signing_session(text) rename to gone`;
    const { result } = await logged(() =>
      family.call("ann", "aggregate-signature", { sessionId: "none" })
    );
    await sql`alter function public.gone(text) rename to get_signing_session`;
    return result;
  },
};

for (const [code, request] of Object.entries(PRODUCED)) {
  Deno.test(`some request is answered ${code}`, async () => {
    const answer = await request(await HttpFamily.found(stack()));
    refused(answer, code as ErrorCode);
  });
}
