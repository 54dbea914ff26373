/**
 * A guardian that lies at each step of a ceremony, over HTTP: its message is refused or it is blamed by name, nobody
 * else is, and nothing is activated.
 */
import assert from "node:assert/strict";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import { readMessages } from "../../../client/ceremonies/reading.ts";
import { contextOfShare, ephemeralKeyOf } from "../../functions/_shared/ceremony/fault.ts";
import { messageOf, type Payload } from "../../functions/_shared/ceremony/payload.ts";
import { type CeremonyTerms, paramsIdOf } from "../../functions/_shared/ceremony/terms.ts";
import { type Evidence, proveShared } from "../../functions/_shared/dkg/evidence.ts";
import { scalarToHex } from "../../functions/_shared/frost/encoding.ts";
import { suiteOf } from "../../functions/_shared/frost/suites.ts";
import { accepted, refused, sharedStack } from "../support/answers.ts";
import { must, refusedWith } from "../support/app_family.ts";
import { CeremonyFamily } from "../support/ceremony_family.ts";
import { HandmadeCeremony, sceneOf, SCENES } from "../support/handmade_ceremony.ts";
import { ciphertextsOf, commitmentOf, otherHex, withBadShare, withParts } from "../support/lies.ts";

const stack = sharedStack();

/** Of a signature's form. */
const ZEROS = "00".repeat(64);

/** A lie of bob's: what he sends instead of an honest message. */
interface Lie {
  readonly what: string;
  readonly change: (payload: Payload, terms: CeremonyTerms) => Payload;
  /** False for what its form alone gives away: there is no signature to blame anybody by. */
  readonly isBlamed?: boolean;
}

const LIES_OF_CHILLDKG: readonly Lie[] = [
  {
    what: "a bad proof of knowledge",
    change: (payload, terms) =>
      withParts(terms, payload, ({ proof }) => ({
        proof: proof.map((byte, i) => i === 63 ? byte ^ 1 : byte),
      })),
  },
  {
    what: "a commitment one longer than the threshold",
    change: (payload, terms) =>
      withParts(terms, payload, ({ commitment }) => ({
        commitment: [...commitment, commitment[0]],
      })),
  },
  {
    what: "a commitment one shorter than the threshold",
    change: (payload, terms) =>
      withParts(terms, payload, ({ commitment }) => ({ commitment: commitment.slice(1) })),
  },
  {
    what: "a ciphertext that is no scalar",
    change: ({ message }) => ({ message: String(message).slice(0, -64) + "f".repeat(64) }),
  },
  {
    what: "a missing ciphertext",
    change: (payload, terms) =>
      withParts(terms, payload, ({ encryptedShares }) => ({
        encryptedShares: encryptedShares.slice(1),
      })),
  },
  {
    what: "one ciphertext more",
    change: (payload, terms) =>
      withParts(terms, payload, ({ encryptedShares }) => ({
        encryptedShares: [...encryptedShares, encryptedShares[0]],
      })),
  },
  {
    what: "a public nonce that is no point",
    change: (payload, terms) =>
      withParts(terms, payload, () => ({ publicNonce: new Uint8Array(33).fill(2, 0, 1) })),
  },
];

const LIES_OF_DEALINGS: readonly Lie[] = [
  {
    what: "a bad proof of knowledge",
    change: (payload, terms) => {
      const suite = suiteOf(terms.ciphersuite);
      const proof = String(payload.proofOfKnowledge).slice(0, -2 * suite.scalarBytes);
      return { ...payload, proofOfKnowledge: proof + scalarToHex(suite, 1n) };
    },
  },
  {
    what: "a commitment one longer than the threshold",
    change: (payload) => ({
      ...payload,
      commitment: [...commitmentOf(payload), commitmentOf(payload)[1]],
    }),
  },
  {
    what: "a commitment one shorter than the threshold",
    change: (payload) => ({ ...payload, commitment: commitmentOf(payload).slice(0, -1) }),
  },
  {
    what: "an ephemeral key that is no point",
    change: (payload) => ({ ...payload, ephemeralKey: `02${"0".repeat(64)}` }),
  },
  {
    what: "a field more",
    change: (payload) => ({ ...payload, more: "00" }),
    isBlamed: false,
  },
];

const LIES_OF_CIPHERTEXTS: readonly Lie[] = [
  {
    what: "a ciphertext that is no scalar",
    change: (payload) => ({
      ...payload,
      ciphertexts: {
        ...ciphertextsOf(payload),
        ann: ciphertextsOf(payload).ann.replaceAll(/./g, "f"),
      },
    }),
  },
  {
    what: "a missing ciphertext",
    change: (payload) => {
      const { ann: _, ...ciphertexts } = ciphertextsOf(payload);
      return { ...payload, ciphertexts };
    },
    isBlamed: false,
  },
  {
    what: "one ciphertext more",
    change: (payload) => {
      const { ann } = ciphertextsOf(payload);
      return { ...payload, ciphertexts: { ...ciphertextsOf(payload), dora: ann } };
    },
    isBlamed: false,
  },
];

const LIES_OF_CONFIRMATIONS: readonly Lie[] = [
  {
    what: "a wrong confirmation",
    change: (payload) => ({ ...payload, confirmation: otherHex(payload.confirmation) }),
  },
];

/** What bob lies in each round. */
function liesOf(scene: string): ReadonlyMap<number, readonly Lie[]> {
  const acknowledgement: Lie = {
    what: "a wrong acknowledgement",
    change: (payload) => ({ ...payload, acknowledgement: otherHex(payload.acknowledgement) }),
  };
  const certificate: Lie = {
    what: "a wrong signature of the certificate",
    change: ({ message }) => ({ message: otherHex(message) }),
  };
  switch (scene) {
    case "chilldkg":
      return new Map([
        [1, LIES_OF_CHILLDKG],
        [2, [certificate]],
        [3, [...LIES_OF_CONFIRMATIONS, acknowledgement]],
      ]);
    case "reshare": {
      const proof: Lie = {
        what: "a wrong proof of the ephemeral key",
        change: (payload) => ({ ...payload, ephemeralProof: otherHex(payload.ephemeralProof) }),
      };
      return new Map([
        [1, [...LIES_OF_DEALINGS, ...LIES_OF_CIPHERTEXTS, proof]],
        [3, LIES_OF_CONFIRMATIONS],
      ]);
    }
    default:
      return new Map([
        [1, LIES_OF_DEALINGS],
        [2, LIES_OF_CIPHERTEXTS],
        [3, LIES_OF_CONFIRMATIONS],
      ]);
  }
}

for (const scene of SCENES.keys()) {
  Deno.test(`${scene}: a message that does not verify is refused at each step, by its sender's name`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    const keys = await ceremony.keys();
    const { terms } = await ceremony.view();
    let refusals = 0;
    for (const [round, lies] of liesOf(scene)) {
      await ceremony.playTo(round);
      const honest = await ceremony.message("bob", round);
      for (const { what, change, isBlamed = true } of lies) {
        const before = (await ceremony.view()).blamed.length;
        const lie = await ceremony.signed("bob", round, change(honest, terms));
        refused(await ceremony.submit("bob", round, lie), "ceremony_message_invalid", what);
        assert.deepEqual((await ceremony.view()).blamed, isBlamed || before > 0 ? ["bob"] : []);
        const events = await ceremony.events("message_refused");
        assert.equal(events.length, ++refusals, what);
        const { actor, detail } = events[refusals - 1];
        assert.deepEqual([actor, detail.round], ["bob", round], what);
        assert.deepEqual(detail.payload ?? null, isBlamed ? lie : null, what);
      }
      assert.deepEqual(await ceremony.keys(), keys);
    }
    // The ceremony is none the worse for it, and its record names nobody else.
    await ceremony.finish();
    assert.deepEqual((await ceremony.view()).blamed, ["bob"]);
  });

  Deno.test(`${scene}: who is sent a bad share accuses its sender, who alone is blamed`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    const keys = await ceremony.keys();
    const { terms } = await ceremony.view();
    const round = terms.protocol === "pedersen" ? 2 : 1;
    await ceremony.playTo(round);
    await ceremony.playTo(round + 1, "bob");
    const bad = withBadShare(terms, await ceremony.message("bob", round), "ann");
    accepted(await ceremony.submit("bob", round, await ceremony.signed("bob", round, bad)));

    const [ann, cleo] = await Promise.all(
      ["ann", "cleo"].map((name) => ceremony.family.join(name, ceremony.started)),
    );
    refusedWith("ceremony_message_invalid", ann);
    assert.match(ann.success ? "" : ann.error, /^bob: /);
    refusedWith("ceremony_failed", cleo);
    assert.match(cleo.success ? "" : cleo.error, /Blamed: bob\.$/);
    const { status, blamed } = await ceremony.view();
    assert.deepEqual([status, blamed], ["failed", ["bob"]]);
    const [{ actor, detail }] = await ceremony.events("fault_reported");
    assert.deepEqual([actor, detail.against, detail.guilty], ["ann", "bob", "bob"]);
    assert.deepEqual(await ceremony.keys(), keys);
    // She never signs it, and a second complaint changes nothing.
    refusedWith("ceremony_failed", await ceremony.family.join("ann", ceremony.started));
    assert.deepEqual((await ceremony.view()).blamed, ["bob"]);
  });

  Deno.test(`${scene}: a signature that is not the sender's for this round of this ceremony is refused`, async () => {
    const first = await sceneOf(stack(), scene);
    const keys = await first.keys();
    const old = await first.message("bob", 1);
    const { error } = await first.family.guardian("cleo").supabase.rpc("decline_signing_request", {
      p_session_id: first.id,
      p_reason: "Another day",
    });
    assert.equal(error, null);

    const ceremony = await HandmadeCeremony.start(stack(), first.family, first.request);
    const { terms } = await ceremony.view();
    const honest = await ceremony.message("bob", 1);
    const swapped = { ...terms, participants: ["cleo", "bob", "ann"] };
    const paramsId = paramsIdOf(swapped);
    const lies: readonly (readonly [string, Payload])[] = [
      ["replayed from another ceremony of the family", old],
      [
        "made for swapped names over the same host keys",
        ceremony.deviceOf("bob").roundOne({
          ...await ceremony.state(),
          terms: swapped,
          paramsId,
        }),
      ],
      ["signed by another's key", await ceremony.signed("bob", 1, honest, "ann")],
      ["signed for another round", await ceremony.signed("bob", 3, honest)],
      ["with zeros for a signature", { ...honest, signature: ZEROS }],
    ];
    for (const [what, payload] of lies) {
      refused(await ceremony.submit("bob", 1, payload), "ceremony_message_invalid", what);
    }
    const events = await ceremony.events("message_refused");
    assert.deepEqual(events.map(({ actor }) => actor), lies.map(() => "bob"));
    assert.deepEqual((await ceremony.view()).blamed, []);
    assert.deepEqual(await ceremony.keys(), keys);
  });

  Deno.test(`${scene}: who takes no part, or has sent already, sends nothing more`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    const dora = await ceremony.family.admit("dora");
    const honest = await ceremony.message("bob", 1);
    refused(await ceremony.submit("dora", 1, honest), "not_a_participant");
    const { data } = await dora.supabase.from("frost_ceremony_messages").select("payload");
    assert.deepEqual(data, []);

    accepted(await ceremony.submit("bob", 1, honest));
    const another = ceremony.deviceOf("bob", { seed: "11".repeat(32) });
    const second = await ceremony.message("bob", 1, another);
    refused(await ceremony.submit("bob", 1, second), "commitment_already_submitted");
    accepted(await ceremony.submit("bob", 1, honest));
    refused(
      await ceremony.submit("bob", 3, { confirmation: ZEROS, signature: ZEROS }),
      "round_open",
    );
    if (scene === "reshare") {
      refused(await ceremony.submit("cleo", 1, honest), "not_a_participant");
      refused(await ceremony.submit("bob", 2, honest), "not_a_participant");
    }
    await ceremony.playTo(2);
    refused(await ceremony.submit("bob", 1, second), "commitment_already_submitted");
    const [kept] = must(await readMessages(ceremony.family.guardian("ann").supabase, ceremony.id))
      .messages.filter(({ round, sender }) => round === 1 && sender === "bob");
    assert.equal(kept.payload.signature, honest.signature);
    await ceremony.finish();
  });

  Deno.test(`${scene}: evidence for another ciphertext proves nothing, a false complaint blames who made it`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    const keys = await ceremony.keys();
    const { terms } = await ceremony.view();
    // In a reshare ann alone deals besides bob.
    const accused = "ann";
    refused(
      await ceremony.report("bob", accused, await evidenceOf(ceremony, "bob", "bob", accused)),
      "round_open",
    );
    await ceremony.playTo(terms.protocol === "pedersen" ? 3 : 2);
    const lies: readonly (readonly [string, Evidence])[] = [
      ["for what bob sent", await evidenceOf(ceremony, "bob", "bob", accused)],
      ["in another's name", await evidenceOf(ceremony, "cleo", accused, accused, "cleo")],
      ["of another context", await evidenceOf(ceremony, "bob", accused, "bob")],
      ["of no point", { sharedPoint: "02".repeat(33), proof: ZEROS }],
    ];
    for (const [what, evidence] of lies) {
      refused(await ceremony.report("bob", accused, evidence), "ceremony_message_invalid", what);
    }
    refused(
      await ceremony.report("bob", "bob", await evidenceOf(ceremony, "bob", "bob", "bob")),
      "not_a_participant",
    );
    assert.deepEqual((await ceremony.view()).blamed, []);
    assert.deepEqual(await ceremony.events("fault_reported"), []);

    const complaint = await evidenceOf(ceremony, "bob", accused, accused);
    const judged = accepted(await ceremony.report("bob", accused, complaint));
    assert.deepEqual([judged.status, judged.guilty, judged.blamed], ["failed", "bob", ["bob"]]);
    const [{ actor, detail }] = await ceremony.events("fault_reported");
    assert.deepEqual([actor, detail.against, detail.guilty], ["bob", accused, "bob"]);
    assert.deepEqual((await ceremony.view()).blamed, ["bob"]);
    assert.deepEqual(await ceremony.keys(), keys);
    refusedWith("ceremony_failed", await ceremony.family.join("ann", ceremony.started));
  });

  Deno.test(`${scene}: who has confirmed complains no more`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    await ceremony.playTo(3);
    accepted(await ceremony.submit("bob", 3));
    const complaint = await evidenceOf(ceremony, "bob", "ann", "ann");
    refused(await ceremony.report("bob", "ann", complaint), "round_closed");
    assert.deepEqual((await ceremony.view()).blamed, []);
    await ceremony.finish();
    refused(await ceremony.report("cleo", "ann", complaint), "ceremony_message_invalid");
    const late = await evidenceOf(ceremony, "cleo", "ann", "ann");
    refused(await ceremony.report("cleo", "ann", late), "session_finished");
  });
}

Deno.test("a device that stopped before it told of its refusal lets the others know when it starts again", async () => {
  const ceremony = await sceneOf(stack(), "pedersen");
  await ceremony.playTo(3);
  const { store } = ceremony.family.guardian("ann");
  const reason = "The share from bob does not fit what it committed to";
  const { id, paramsId } = ceremony;
  await store.create(id, "decided", { decision: "refused", params_id: paramsId, reason });
  refusedWith("ceremony_failed", await ceremony.family.join("ann", ceremony.started));
  assert.equal((await ceremony.view()).status, "failed");
  const [{ actor, detail }] = await ceremony.events("declined");
  assert.deepEqual([actor, detail.reason], ["ann", reason]);
  refusedWith("ceremony_failed", await ceremony.family.join("ann", ceremony.started));
});

Deno.test("a reshare's dealer deals its own share of the old key and nothing else", async () => {
  const ceremony = await sceneOf(stack(), "reshare");
  const keys = await ceremony.keys();
  const { keyShare } = ceremony.family.guardian("bob");
  assert.ok(keyShare);
  const suite = suiteOf(keyShare.ciphersuite);
  const other = ceremony.deviceOf("bob", {
    keyShare: { ...keyShare, signing_share: scalarToHex(suite, 7n) },
  });
  const lie = await ceremony.message("bob", 1, other);
  refused(await ceremony.submit("bob", 1, lie), "ceremony_message_invalid");
  assert.deepEqual((await ceremony.view()).blamed, ["bob"]);
  const [{ actor, detail }] = await ceremony.events("message_refused");
  assert.equal(actor, "bob");
  assert.match(String(detail.reason), /not of its own share of the old key/);
  assert.deepEqual(await ceremony.keys(), keys);
});

Deno.test("two of ten who make a key of their own need the threshold of the key there is", async () => {
  const ten = ["ann", "bob", "cleo", "dora", "emil", "finn", "gwen", "hugo", "iris", "jens"];
  const family = await CeremonyFamily.found(stack(), [...ten, "zed"]);
  const first = await HandmadeCeremony.start(stack(), family, {
    kind: "dkg",
    threshold: 3,
    participants: ten,
  });
  await first.finish();
  const keys = await first.keys();

  const ceremony = await HandmadeCeremony.start(stack(), family, {
    kind: "dkg",
    threshold: 2,
    participants: ["ann", "bob"],
  });
  await ceremony.playTo(4);
  const confirmed = await ceremony.view();
  assert.deepEqual([confirmed.status, confirmed.missing, confirmed.approvalsMissing], [
    "confirming",
    [],
    3,
  ]);
  const [{ digest }] = await stack().database.sql`
    select permafrost.digest_of(key_package) as digest from public.frost_key_ceremonies
    where ceremony_id = ${ceremony.id}`;
  const approve = (name: string, by: HostKey) =>
    ceremony.call(name, "approve-key-package", {
      familyId: family.id,
      keyPackageDigest: digest,
      signature: by.signHash(digest),
    });
  const keyOf = (name: string) => family.guardian(name).hostKey;
  refused(await approve("zed", keyOf("zed")), "not_a_participant");
  refused(await approve("cleo", keyOf("ann")), "host_key_invalid");
  refused(await approve("cleo", HostKey.generate()), "host_key_invalid");
  for (const name of ["ann", "bob", "ann", "bob"]) {
    assert.equal(accepted(await approve(name, keyOf(name))).status, "confirming");
  }
  assert.equal((await ceremony.view()).approvalsMissing, 1);
  assert.deepEqual(await ceremony.keys(), keys);

  const approved = accepted(await approve("jens", keyOf("jens")));
  assert.deepEqual([approved.status, approved.approvalsMissing], ["completed", 0]);
  assert.equal((await ceremony.keys()).length, 2);
  const actors = (await ceremony.events("approved")).map(({ actor }) => actor);
  assert.deepEqual(actors, ["ann", "bob", "jens"]);
});

/** Evidence by a guardian's key about what `sender` encrypted to it, bound to another ciphertext if one likes. */
async function evidenceOf(
  ceremony: HandmadeCeremony,
  by: string,
  sender: string,
  contextOf: string,
  recipient = by,
): Promise<Evidence> {
  const { terms } = await ceremony.view();
  const dealing = messageOf(terms, 1, await ceremony.message(sender, 1));
  const context = contextOfShare(terms, ceremony.paramsId, { sender: contextOf, recipient });
  return ceremony.family.guardian(by).hostKey.withSecret((secret) =>
    proveShared(secret, ephemeralKeyOf(terms, dealing), context)
  );
}
