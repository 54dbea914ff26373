/** A guardian who lies in a ceremony, at each of its steps: it is named rightly, and nothing becomes current. */
import assert from "node:assert/strict";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { Ceremony } from "../../../client/ceremonies/ceremony.ts";
import { MemoryCeremonyStore } from "../../../client/ceremonies/store.ts";
import type { Payload } from "../../functions/_shared/ceremony/payload.ts";
import { type Ciphersuite, suiteOf } from "../../functions/_shared/frost/suites.ts";
import { accepted, type Answer, call, refused, sharedStack } from "../support/answers.ts";
import { clientOf } from "../support/app_family.ts";
import { CeremonyGuardians, HttpCeremony } from "../support/http_ceremony.ts";
import { serviceRpc } from "../support/http_family.ts";

const stack = sharedStack();
const NAMES = ["ann", "bob", "cleo"];
const TR = "FROST-secp256k1-SHA256-TR-v1";
const ED25519 = "FROST-ED25519-SHA512-v1";

const KINDS: readonly {
  name: string;
  protocol: "chilldkg" | "pedersen" | "reshare";
  ciphersuite: Ciphersuite;
}[] = [
  { name: "chilldkg", protocol: "chilldkg", ciphersuite: TR },
  { name: "pedersen", protocol: "pedersen", ciphersuite: TR },
  { name: "pedersen on Ed25519", protocol: "pedersen", ciphersuite: ED25519 },
  { name: "reshare", protocol: "reshare", ciphersuite: TR },
  { name: "reshare on Ed25519", protocol: "reshare", ciphersuite: ED25519 },
];

type Kind = (typeof KINDS)[number];

/** A ceremony of three for two; a reshare is of a dealt key, by ann and bob. */
async function startOf({ protocol, ciphersuite }: Kind): Promise<HttpCeremony> {
  const family = await CeremonyGuardians.found(stack(), NAMES);
  if (protocol !== "reshare") {
    return await HttpCeremony.start(family, {
      kind: "dkg",
      protocol,
      ciphersuite,
      threshold: 2,
      participants: NAMES,
    });
  }
  await family.deal({ ciphersuite, threshold: 2, participants: NAMES });
  return await HttpCeremony.start(family, {
    kind: "reshare",
    threshold: 2,
    participants: NAMES,
    dealers: ["ann", "bob"],
  });
}

/** That a message was refused, is on record, and has blamed its sender or nobody; and that nothing came of it. */
async function nothingCame(
  ceremony: HttpCeremony,
  answer: Answer,
  blamed: readonly string[],
  before: readonly string[],
): Promise<void> {
  refused(answer, "ceremony_message_invalid");
  assert.deepEqual((await ceremony.view()).blamed, blamed);
  assert.deepEqual(await ceremony.family.currentKeys(), before);
  const events = await stack().database.sql`
    select actor from public.frost_events
    where subject_id = ${ceremony.id} and event = 'message_refused'`;
  assert.ok(events.length >= 1);
}

const listOf = (payload: Payload, field: string) => {
  const list = payload[field];
  assert.ok(Array.isArray(list));
  return list;
};
const textOf = (payload: Payload, field: string) => {
  const text = payload[field];
  assert.ok(typeof text === "string");
  return text;
};
const ciphertextsOf = (payload: Payload) => {
  const { ciphertexts } = payload;
  assert.ok(typeof ciphertexts === "object" && !Array.isArray(ciphertexts));
  return ciphertexts;
};
/** Another byte string of the same length. */
const flipped = (hex: string, at = hex.length - 2) =>
  hex.slice(0, at) + (parseInt(hex.slice(at, at + 2), 16) ^ 1).toString(16).padStart(2, "0") +
  hex.slice(at + 2);

for (const kind of KINDS) {
  const { name, protocol, ciphersuite } = kind;

  Deno.test(`${name}: what a liar signs in round one is refused, and named`, async () => {
    const ceremony = await startOf(kind);
    const before = await ceremony.family.currentKeys();
    const honest = await ceremony.honest(1, "ann");
    const lies: Record<string, Payload> = protocol === "chilldkg"
      ? {
        "a proof that does not verify": {
          ...honest,
          message: flipped(textOf(honest, "message"), 2 * (2 * 33 + 40)),
        },
        "a commitment one longer": {
          ...honest,
          message: bytesToHex(secp256k1.Point.BASE.toBytes()) + textOf(honest, "message"),
        },
        "a commitment one shorter": { ...honest, message: textOf(honest, "message").slice(66) },
        "a nonce that is no point": {
          ...honest,
          message: textOf(honest, "message").slice(0, 260) + "05" +
            textOf(honest, "message").slice(262),
        },
      }
      : {
        "a proof that does not verify": {
          ...honest,
          proofOfKnowledge: flipped(textOf(honest, "proofOfKnowledge"), 2 * 34),
        },
        "a commitment one longer": {
          ...honest,
          commitment: [...listOf(honest, "commitment"), listOf(honest, "commitment")[0]],
        },
        "a commitment one shorter": {
          ...honest,
          commitment: listOf(honest, "commitment").slice(0, 1),
        },
        "another secret than it proves": {
          ...honest,
          commitment: [...listOf(honest, "commitment")].reverse(),
        },
        "an ephemeral key that is no point": { ...honest, ephemeralKey: "05" + "00".repeat(32) },
      };
    if (protocol === "reshare") {
      const ciphertexts = ciphertextsOf(honest);
      lies["a ciphertext that is no scalar"] = {
        ...honest,
        ciphertexts: { ...ciphertexts, bob: "ff".repeat(32) },
      };
      lies["the proof of another ephemeral key"] = {
        ...honest,
        ephemeralKey: bytesToHex(secp256k1.Point.BASE.toBytes()),
      };
      const other = ceremony.deviceOf("bob").roundOne({
        terms: { ...ceremony.terms, dealers: ["bob", "cleo"] },
        paramsId: ceremony.paramsId,
        coordinatorMessages: [],
        rounds: [],
      });
      lies["what is dealt is not its share"] = {
        ...honest,
        commitment: listOf(other, "commitment"),
        proofOfKnowledge: textOf(other, "proofOfKnowledge"),
      };
    }
    for (const [lie, payload] of Object.entries(lies)) {
      const answer = await ceremony.send(1, "ann", ceremony.signed(1, payload, "ann"));
      await nothingCame(ceremony, answer, ["ann"], before).catch((error) => {
        throw new Error(`${lie}: ${answer.text}`, { cause: error });
      });
    }
    // The liar may still come to reason.
    accepted(await ceremony.send(1, "ann", honest));
  });

  Deno.test(`${name}: what does not bear its sender's signature is refused, and blames nobody`, async () => {
    const ceremony = await startOf(kind);
    const before = await ceremony.family.currentKeys();
    const honest = await ceremony.honest(1, "ann");
    const replayed = await startOf(kind);
    const attempts: [string, Payload][] = [
      ["ann", { ...honest, signature: flipped(textOf(honest, "signature")) }],
      ["ann", ceremony.signed(1, honest, "bob")],
      // Of another round, of another ceremony.
      ["ann", ceremony.signed(1, honest, "ann", replayed.paramsId)],
      ["bob", honest],
    ];
    for (const [sender, payload] of attempts) {
      await nothingCame(ceremony, await ceremony.send(1, sender, payload), [], before);
    }
    const { signature: _, ...unsigned } = honest;
    refused(await ceremony.send(1, "ann", unsigned), "ceremony_message_invalid");
    refused(
      await ceremony.send(1, "ann", { ...honest, more: "ab" }),
      "ceremony_message_invalid",
    );
  });

  Deno.test(`${name}: another message of the same round is refused, the same is a retry`, async () => {
    const ceremony = await startOf(kind);
    const honest = await ceremony.honest(1, "ann");
    accepted(await ceremony.send(1, "ann", honest));
    accepted(await ceremony.send(1, "ann", honest));
    const other = await (await startOf(kind)).honest(1, "ann");
    refused(await ceremony.send(1, "ann", other), "commitment_already_submitted");
    refused(
      await ceremony.send(protocol === "reshare" ? 3 : 2, "cleo", honest),
      "round_open",
    );
    refused(
      await ceremony.family.post("zoe", "submit-ceremony-message", {
        ceremonyId: ceremony.id,
        round: 1,
        payload: honest,
      }),
      "not_a_participant",
    );
  });

  Deno.test(`${name}: a share that does not fit is shown by its recipient, and its sender is blamed`, async () => {
    const ceremony = await startOf(kind);
    const { family } = ceremony;
    const before = await family.currentKeys();
    const suite = suiteOf(ciphersuite);
    const spoil = (hex: string) => {
      const { Fn } = protocol === "chilldkg" ? suiteOf(TR) : suite;
      return bytesToHex(Fn.toBytes(Fn.add(Fn.fromBytes(hexToBytes(hex)), 1n)));
    };
    // ann lies to cleo, in whichever round it sends shares.
    const round = protocol === "pedersen" ? 2 : 1;
    if (round === 2) await ceremony.play(1);
    const honest = await ceremony.honest(round, "ann");
    const spoiled = protocol === "chilldkg"
      ? {
        ...honest,
        message: textOf(honest, "message").slice(0, -64) +
          spoil(textOf(honest, "message").slice(-64)),
      }
      : {
        ...honest,
        ciphertexts: { ...ciphertextsOf(honest), cleo: spoil(ciphertextsOf(honest).cleo) },
      };
    accepted(await ceremony.send(round, "ann", ceremony.signed(round, spoiled, "ann")));
    await ceremony.play(round, ["ann"]);
    // cleo's device finds it out, and tells.
    const store = new MemoryCeremonyStore();
    const begun = { params_id: ceremony.paramsId, seed: ceremony.seedOf("cleo") };
    if (protocol !== "reshare") await store.create(ceremony.id, "begun", begun);
    const joined = await Ceremony.join(ceremony.id, { paramsId: ceremony.paramsId }, {
      supabase: await clientOf(stack(), "cleo", family.id),
      hostKey: family.hostKeyOf("cleo"),
      participantId: "cleo",
      store,
    });
    assert.equal(joined.success, false);
    const { status, blamed } = await ceremony.view();
    assert.deepEqual([status, blamed], ["failed", ["ann"]], JSON.stringify(joined));
    assert.deepEqual(await family.currentKeys(), before);
  });

  Deno.test(`${name}: a complaint about a share that fits blames who complains`, async () => {
    const ceremony = await startOf(kind);
    await ceremony.play(1);
    if (protocol === "pedersen") await ceremony.play(2);
    const dealing = await ceremony.honest(1, "ann");
    const answer = accepted(await ceremony.report("cleo", "ann", { dealing }));
    assert.deepEqual([answer.guilty, answer.blamed], ["cleo", ["cleo"]]);
    assert.equal((await ceremony.view()).status, "failed");
    // The same again is answered the same.
    assert.equal(accepted(await ceremony.report("cleo", "ann", { dealing })).guilty, "cleo");
  });

  Deno.test(`${name}: evidence about something else proves nothing`, async () => {
    const ceremony = await startOf(kind);
    await ceremony.play(1);
    if (protocol === "pedersen") await ceremony.play(2);
    const dealing = await ceremony.honest(1, "ann");
    const ofBob = await ceremony.honest(1, "bob");
    for (
      const attempt of [
        { recipient: "cleo", sender: "ann", by: "bob" },
        { recipient: "cleo", sender: "bob", about: "ann" },
        { recipient: "cleo", sender: "ann", about: "bob" },
      ]
    ) {
      const { recipient, sender, ...more } = attempt;
      const answer = await ceremony.report(recipient, sender, { dealing, ...more });
      refused(answer, "ceremony_message_invalid", JSON.stringify(attempt));
    }
    refused(
      await ceremony.report("cleo", "ann", { dealing: ofBob }),
      "ceremony_message_invalid",
    );
    refused(await ceremony.report("ann", "ann", { dealing }), "not_a_participant");
    assert.deepEqual((await ceremony.view()).blamed, []);
  });

  Deno.test(`${name}: a confirmation of something else is refused; nobody complains after its own`, async () => {
    const ceremony = await startOf(kind);
    const before = await ceremony.family.currentKeys();
    await ceremony.play(1);
    if (protocol !== "reshare") await ceremony.play(2);
    const honest = await ceremony.honest(3, "ann");
    const lie = {
      ...honest,
      confirmation: ceremony.family.hostKeyOf("ann").signHash("ab".repeat(32)),
    };
    await nothingCame(
      ceremony,
      await ceremony.send(3, "ann", ceremony.signed(3, lie, "ann")),
      ["ann"],
      before,
    );
    accepted(await ceremony.send(3, "ann", honest));
    const dealing = await ceremony.honest(1, "bob");
    refused(await ceremony.report("ann", "bob", { dealing }), "round_closed");
    assert.deepEqual(await ceremony.family.currentKeys(), before);
    await ceremony.play(3, ["ann"]);
    const { status, keyPackageId } = await ceremony.view();
    assert.equal(status, "completed");
    assert.deepEqual(await ceremony.family.currentKeys(), [keyPackageId]);
  });

  Deno.test(`${name}: who finds a round complete brings the ceremony on, whoever died`, async () => {
    const ceremony = await startOf(kind);
    await ceremony.play(1, ["bob"]);
    // The function that had the last message has recorded it, and died.
    const last = await ceremony.honest(1, "bob");
    const recorded = await serviceRpc(stack(), "record_ceremony_message", {
      p_ceremony_id: ceremony.id,
      p_participant_id: "bob",
      p_round: 1,
      p_payload: last,
    });
    assert.equal(recorded.status, 200);
    assert.equal((await ceremony.view()).status, "round_one");
    const [one, two] = await Promise.all([
      ceremony.send(1, "ann", await ceremony.honest(1, "ann")),
      ceremony.send(1, "bob", last),
    ]);
    for (const answer of [one, two]) {
      assert.notEqual(accepted(answer).status, "round_one");
    }
  });
}

Deno.test("two who start a key of their own in a family that has one get nowhere without its guardians", async () => {
  const family = await CeremonyGuardians.found(stack(), [...NAMES, "dora", "eve"]);
  await family.deal({ threshold: 2, participants: NAMES });
  const before = await family.currentKeys();
  const ceremony = await HttpCeremony.start(family, {
    kind: "dkg",
    threshold: 2,
    participants: ["dora", "eve"],
  });
  for (const round of [1, 2, 3]) await ceremony.play(round);
  const { status, approvalsMissing } = await ceremony.view();
  assert.deepEqual([status, approvalsMissing], ["confirming", 2]);
  const { body: { key_package_digest } } = await family.rpc("dora", "get_key_ceremony", {
    p_ceremony_id: ceremony.id,
  });
  const keyPackageDigest = String(key_package_digest);
  const approve = (who: string, by = who) => {
    const signature = family.hostKeyOf(by).signHash(keyPackageDigest);
    const body = { familyId: family.id, keyPackageDigest, signature };
    return family.post(who, "approve-key-package", body);
  };
  refused(await approve("dora"), "not_a_participant");
  refused(await approve("ann", "dora"), "host_key_invalid");
  assert.equal(accepted(await approve("ann")).approvalsMissing, 1);
  assert.equal(accepted(await approve("ann")).approvalsMissing, 1);
  assert.deepEqual(await family.currentKeys(), before);
  assert.equal(accepted(await approve("cleo")).status, "completed");
  assert.deepEqual(await family.currentKeys(), [(await ceremony.view()).keyPackageId]);
});

Deno.test("an operator's ceremony takes no approvals; a key that changed meanwhile ends one", async () => {
  const family = await CeremonyGuardians.found(stack(), NAMES);
  await family.deal({ threshold: 2, participants: NAMES });
  const request = { kind: "dkg", threshold: 2, participants: NAMES } as const;
  const ceremony = await HttpCeremony.start(family, request);
  for (const round of [1, 2]) await ceremony.play(round);
  await family.deal({ threshold: 3, participants: NAMES });
  refused(await ceremony.send(3, "ann", await ceremony.honest(3, "ann")), "key_retired");
  const { status, errorMessage } = await ceremony.view();
  assert.deepEqual([status, errorMessage], ["failed", "key_retired"]);

  const created = await call(stack(), "create-key-ceremony", { apikey: stack().secretKey }, {
    familyId: family.id,
    ...request,
  });
  const operators = await HttpCeremony.of(family, String(accepted(created, 201).ceremonyId));
  for (const round of [1, 2, 3]) await operators.play(round);
  assert.equal((await operators.view()).status, "completed");
});
