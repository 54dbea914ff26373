/**
 * A server that lies to one device in a ceremony: the device sends nothing where it should not, confirms nothing that
 * it did not see, and uses no share that others may not have.
 */
import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import { MemoryCeremonyStore } from "../../../client/ceremonies/store.ts";
import type { CeremonyPin } from "../../../client/ceremonies/pins.ts";
import type { CeremonyOptions, JoinedCeremony } from "../../../client/ceremonies/taking_part.ts";
import type { Result } from "../../../client/result.ts";
import {
  coordinatorMessage1ToBytes,
  parseCoordinatorMessage1,
} from "../../functions/_shared/chilldkg/messages.ts";
import { closeRound, keyOf } from "../../functions/_shared/ceremony/outcome.ts";
import { messageOf, type Payload } from "../../functions/_shared/ceremony/payload.ts";
import { chillDkgParams, paramsIdOf } from "../../functions/_shared/ceremony/terms.ts";
import { accepted, sharedStack } from "../support/answers.ts";
import { must, refusedWith } from "../support/app_family.ts";
import { CeremonyFamily } from "../support/ceremony_family.ts";
import { randomHex } from "../support/family.ts";
import { HandmadeCeremony, NAMES, sceneOf, SCENES } from "../support/handmade_ceremony.ts";
import { commitmentOf, otherHex } from "../support/lies.ts";
import { deceive, type Lies, type Row, type Told, withFittingId } from "../support/lying_server.ts";

const stack = sharedStack();

for (const scene of SCENES.keys()) {
  Deno.test(`${scene}: nothing is sent in a ceremony that is not the one that was compared`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    const stranger = HostKey.generate().publicKey;
    const otherKey = (told: Told) => ({ ...told, ...hostKeys(told, "bob", stranger) });
    const pin = await pinOf(ceremony);
    const lies: readonly (readonly [string, string, CeremonyPin | undefined, Lies["ceremony"]])[] =
      [
        ["coordinator_faulty", "another host key", undefined, otherKey],
        ["coordinator_faulty", "another id", undefined, (told) => ({ ...told, params_id: "00" })],
        ["coordinator_faulty", "another id, pinned so", { paramsId: "00" }, (told) => ({
          ...told,
          params_id: "00",
        })],
        [
          "ceremony_mismatch",
          "another host key, with a fitting id",
          undefined,
          (told) => withFittingId(otherKey(told)),
        ],
        [
          "ceremony_mismatch",
          "another host key than the compared one",
          pin,
          (told) => withFittingId(otherKey(told)),
        ],
        [
          "ceremony_mismatch",
          "names swapped over the host keys",
          pin,
          (told) => withFittingId({ ...told, participants: ["bob", "ann", "cleo"] }),
        ],
        [
          "ceremony_mismatch",
          "a lower threshold",
          undefined,
          (told) => withFittingId({ ...told, threshold: 1 }),
        ],
        [
          "ceremony_mismatch",
          "one guardian less",
          undefined,
          (told) => withFittingId({ ...told, ...without(told, "cleo") }),
        ],
        ["ceremony_mismatch", "one guardian more", pin, (told) =>
          withFittingId({
            ...told,
            participants: [...NAMES, "mallory"],
            host_public_keys: [...Object(told).host_public_keys, stranger],
          })],
        [
          "coordinator_faulty",
          "another ceremony",
          undefined,
          (told) => withFittingId({ ...told, ceremony_id: "another" }),
        ],
        ["unexpected_answer", "no ceremony", undefined, () => ({})],
        ...(scene === "reshare"
          ? [
            ["not_approved", "a lower threshold in a reshare", pin, (told: Told) =>
              withFittingId({ ...told, threshold: 1 })],
            ["ceremony_mismatch", "another key", pin, (told: Told) =>
              withFittingId({
                ...told,
                from_key_package: { ...Object(told.from_key_package), epoch: 9 },
              })],
          ] as const
          : []),
      ];
    for (const [code, what, pinned, lie] of lies) {
      const { result, sent } = await joinLied(ceremony, { ceremony: lie }, {
        pin: pinned,
        store: new MemoryCeremonyStore(),
      });
      refusedWith(code, result);
      assert.deepEqual([...sent], [], what);
    }
    assert.deepEqual(await ceremony.events("message_accepted"), []);
    // The truth is joined.
    await ceremony.playTo(3, "ann");
    const joined = Promise.all(
      NAMES.map((name) => ceremony.family.join(name, ceremony.started, { pin })),
    );
    for (const result of await joined) must(result);
  });

  Deno.test(`${scene}: what was sent under some terms is never sent under others`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    // Either way ann's first message would be another one, with the same secrets in it.
    const otherTerms = (told: Told) =>
      withFittingId({
        ...told,
        received: {},
        ...(scene === "reshare" ? { dealers: ["ann", "cleo"], ...dealerKeys(told) } : {
          participants: NAMES.toReversed(),
          host_public_keys: Object(told).host_public_keys.toReversed(),
        }),
      });
    let isSent = false;
    const { result, sent } = await joinLied(
      ceremony,
      {
        ceremony(told) {
          const received = Object(told.received);
          isSent ||= "1" in received;
          return isSent ? otherTerms(told) : told;
        },
      },
      { pin: await pinOf(ceremony), approve: () => true },
    );
    refusedWith("ceremony_mismatch", result);
    assert.equal(sent.size, 1);
    // Nor by the device when it starts again.
    const again = await joinLied(ceremony, { ceremony: otherTerms }, {
      pin: await pinOf(ceremony),
    });
    refusedWith("ceremony_mismatch", again.result);
    assert.deepEqual([...again.sent], []);
    must(await finishWith(ceremony));
  });

  Deno.test(`${scene}: another message of one guardian, shown to another, is not confirmed`, async () => {
    for (const isWhole of [false, true]) {
      const ceremony = await sceneOf(stack(), scene);
      const { lies } = await equivocation(ceremony, isWhole);
      await ceremony.playTo(scene === "chilldkg" ? 2 : 3);
      const { result, sent } = await joinLied(ceremony, lies);
      assert.equal(result.success, false, JSON.stringify(result));
      await assertNothingConfirmed(ceremony, sent);
    }
  });

  Deno.test(`${scene}: a device that is shown another message of its own stops`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    await ceremony.playTo(scene === "chilldkg" ? 2 : 3);
    const { terms } = await ceremony.view();
    const { result, sent } = await joinLied(ceremony, {
      ceremony: (told) =>
        scene !== "chilldkg" ? told : {
          ...told,
          coordinator_messages: Object(told).coordinator_messages.map((cmsg1: string) => {
            const params = chillDkgParams(terms);
            const message = parseCoordinatorMessage1(hexToBytes(cmsg1), params);
            const [, bob, cleo] = message.secretCommitments;
            const secretCommitments = [bob, bob, cleo];
            return bytesToHex(coordinatorMessage1ToBytes({ ...message, secretCommitments }));
          }),
        },
      messages: (rows) =>
        rows.map((row) =>
          row.participant_id === "ann" && row.round === 1 && scene !== "chilldkg"
            ? {
              ...row,
              payload: { ...row.payload, commitment: commitmentOf(row.payload).toReversed() },
            }
            : row
        ),
    });
    assert.equal(result.success, false);
    assert.ok(["coordinator_faulty", "ceremony_message_invalid"].includes(result.code));
    await assertNothingConfirmed(ceremony, sent);
  });

  Deno.test(`${scene}: a device confirms no key package but the one it has computed`, async () => {
    const changes: readonly ((keyPackage: Told) => unknown)[] = [
      (keyPackage) => ({ ...keyPackage, group_public_key: NAMES.join() }),
      (keyPackage) => ({
        ...keyPackage,
        verifying_shares: Object(keyPackage).verifying_shares.toReversed(),
      }),
      (keyPackage) => ({ ...keyPackage, threshold: 1 }),
      () => null,
      ...(scene === "reshare" ? [(keyPackage: Told) => ({ ...keyPackage, epoch: 1 })] : []),
    ];
    for (const change of changes) {
      const ceremony = await sceneOf(stack(), scene);
      await ceremony.playTo(3);
      const { result, sent } = await joinLied(ceremony, {
        ceremony: (told) => ({ ...told, key_package: change(Object(told.key_package)) }),
      });
      refusedWith("coordinator_faulty", result);
      await assertNothingConfirmed(ceremony, sent);
    }
  });

  Deno.test(`${scene}: a ceremony is completed when all have confirmed, whatever the server calls it`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    await ceremony.playTo(3);
    const completed = (told: Told) => ({ ...told, status: "completed", round: null, missing: [] });
    refusedWith("coordinator_faulty", (await joinLied(ceremony, { ceremony: completed })).result);
    accepted(await ceremony.submit("ann", 3));
    refusedWith("coordinator_faulty", (await joinLied(ceremony, { ceremony: completed })).result);
    accepted(await ceremony.submit("bob", 3));
    refusedWith("coordinator_faulty", (await joinLied(ceremony, { ceremony: completed })).result);
    // Without cleo all that are named would have confirmed.
    refusedWith(
      "ceremony_mismatch",
      (await joinLied(ceremony, {
        ceremony: (told) => withFittingId({ ...completed(told), ...without(told, "cleo") }),
      }, { pin: await pinOf(ceremony) })).result,
    );
    accepted(await ceremony.submit("cleo", 3));
    const lies: readonly ((rows: readonly Row[]) => readonly Row[])[] = [
      (rows) => rows.filter(({ round, participant_id }) => round < 3 || participant_id !== "cleo"),
      (rows) =>
        rows.map((row) =>
          changed(row, "cleo", { confirmation: otherHex(row.payload.confirmation) })
        ),
      (rows) => {
        const ann = rows.find(({ round, participant_id }) =>
          round === 3 && participant_id === "ann"
        );
        return rows.map((row) => changed(row, "cleo", ann?.payload ?? {}));
      },
      () => [],
    ];
    for (const messages of lies) {
      refusedWith("coordinator_faulty", (await joinLied(ceremony, { messages })).result);
      assert.equal(await storeOf(ceremony).read(ceremony.id, "finished"), undefined);
    }
    assert.ok(must(await finishWith(ceremony)).keyShare);
  });

  Deno.test(`${scene}: a device keeps the share it has confirmed, though the server calls the ceremony failed`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    await ceremony.playTo(3);
    let isSent = false;
    const failed = (status: string) => (told: Told) => {
      isSent ||= Object(told.received)["3"]?.includes("ann");
      return isSent ? { ...told, status, error_message: "Nobody came", round: null } : told;
    };
    refusedWith(
      "ceremony_failed",
      (await joinLied(ceremony, { ceremony: failed("failed") })).result,
    );
    refusedWith(
      "session_expired",
      (await joinLied(ceremony, { ceremony: failed("expired") })).result,
    );
    const kept = await storeOf(ceremony).read(ceremony.id, "decided");
    assert.equal(kept?.decision, "confirmed");
    await ceremony.playTo(4);
    const { keyShare } = must(await finishWith(ceremony));
    assert.deepEqual(kept.decision === "confirmed" ? kept.key_share : undefined, keyShare);
  });
}

for (const scene of ["pedersen", "reshare"]) {
  Deno.test(`${scene}: who is wholly deceived confirms what nobody else confirms, and uses no share`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    const keys = await ceremony.keys();
    const { lies } = await equivocation(ceremony, true);
    await ceremony.playTo(3);
    const { terms, rounds } = await ceremony.state();
    const shown = lies.messages?.(
      rounds.flatMap((round, i) =>
        [...round].map(([participant_id, { payload }]) => ({
          round: i + 1,
          participant_id,
          payload,
        }))
      ),
    ) ?? [];
    const dealings = shown.filter(({ round }) => round === 1).map((row) =>
      [row.participant_id, messageOf(terms, 1, row.payload)] as const
    );
    const key = keyOf(terms, new Map(dealings));
    const { result, sent } = await joinLied(ceremony, {
      ...lies,
      ceremony: (told) => ({ ...told, key_package: { ...Object(told.key_package), ...key } }),
    });
    refusedWith("ceremony_message_invalid", result);
    assert.equal([...sent].filter((message) => message.startsWith("3 ")).length, 1);
    await ceremony.playTo(4, "ann");
    const completed = (told: Told) => ({ ...told, status: "completed", round: null, missing: [] });
    refusedWith("coordinator_faulty", (await joinLied(ceremony, { ceremony: completed })).result);
    assert.equal(await storeOf(ceremony).read(ceremony.id, "finished"), undefined);
    assert.deepEqual(await ceremony.keys(), keys);
  });
}

Deno.test("chilldkg: a device that has signed the certificate keeps its secret, though the server calls the ceremony failed", async () => {
  const ceremony = await sceneOf(stack(), "chilldkg");
  await ceremony.playTo(2);
  const failed = (told: Told) =>
    Object(told.received)["2"]?.includes("ann")
      ? { ...told, status: "failed", error_message: "Nobody came", round: null }
      : told;
  refusedWith("ceremony_failed", (await joinLied(ceremony, { ceremony: failed })).result);
  await ceremony.playTo(3);
  await ceremony.playTo(4, "ann");
  assert.ok(must(await finishWith(ceremony)).keyShare);
});

Deno.test("a dealer who gets no share sees for itself that all new guardians have confirmed", async () => {
  const family = await CeremonyFamily.found(stack(), [...NAMES, "dora"]);
  const first = await HandmadeCeremony.start(stack(), family, {
    kind: "dkg",
    threshold: 2,
    participants: NAMES,
  });
  await first.finish();
  const ceremony = await HandmadeCeremony.start(stack(), family, {
    kind: "reshare",
    threshold: 2,
    participants: ["dora", "bob", "cleo"],
    dealers: ["ann", "bob"],
  });
  await ceremony.playTo(3);
  const failed = (told: Told) => ({ ...told, status: "failed", error_message: "No", round: null });
  refusedWith("ceremony_failed", (await joinLied(ceremony, { ceremony: failed })).result);
  const completed = (told: Told) => ({ ...told, status: "completed", round: null, missing: [] });
  for (const name of ["dora", "bob"]) {
    refusedWith("coordinator_faulty", (await joinLied(ceremony, { ceremony: completed })).result);
    accepted(await ceremony.submit(name, 3));
  }
  refusedWith("coordinator_faulty", (await joinLied(ceremony, { ceremony: completed })).result);
  accepted(await ceremony.submit("cleo", 3));
  const other = (told: Told) => ({
    ...told,
    key_package: { ...Object(told.key_package), epoch: 7 },
  });
  refusedWith("coordinator_faulty", (await joinLied(ceremony, { ceremony: other })).result);
  const { messages } = {
    messages: (rows: readonly Row[]) =>
      rows.map((row) => changed(row, "cleo", { confirmation: randomHex(64) })),
  };
  refusedWith("coordinator_faulty", (await joinLied(ceremony, { messages })).result);
  assert.equal(await storeOf(ceremony).read(ceremony.id, "finished"), undefined);
  must(await finishWith(ceremony));
});

Deno.test("what a dealer deals from is what its device knows: no old threshold hides that the new one is lower", async () => {
  const ceremony = await sceneOf(stack(), "reshare");
  const { terms } = await ceremony.view();
  for (const change of [{ threshold: 1 }, { participants: ["ann", "bob", "mallory"] }]) {
    const lie = (told: Told) =>
      withFittingId({
        ...told,
        from_key_package: { ...Object(told.from_key_package), ...change },
      });
    const { fromPackage } = terms;
    assert.ok(fromPackage);
    // The others have seen the same lie.
    const paramsId = paramsIdOf({ ...terms, fromPackage: { ...fromPackage, ...change } });
    const { result, sent } = await joinLied(ceremony, { ceremony: lie }, {
      pin: { paramsId },
      store: new MemoryCeremonyStore(),
    });
    refusedWith("key_package_mismatch", result);
    assert.deepEqual([...sent], []);
  }
});

Deno.test("a ceremony of another family is not joined, whoever shows the same words", async () => {
  const ceremony = await sceneOf(stack(), "chilldkg");
  const { result, sent } = await joinLied(ceremony, {}, { familyId: "another" });
  refusedWith("ceremony_mismatch", result);
  assert.deepEqual([...sent], []);
});

/** Ann joins, and is lied to. */
async function joinLied(
  ceremony: HandmadeCeremony,
  lies: Lies,
  options: Partial<CeremonyOptions> & { readonly pin?: CeremonyPin } = {},
): Promise<{ result: Result<JoinedCeremony>; sent: ReadonlySet<string> }> {
  const { supabase, sent } = await deceive(stack(), "ann", ceremony.family.id, lies);
  const { pin = { paramsId: ceremony.paramsId }, ...rest } = options;
  // A lie that is believed may have it wait for ever: the answer is `aborted` then.
  const signal = AbortSignal.timeout(5_000);
  const asked = { supabase, pin, signal, ...rest };
  const result = await ceremony.family.join("ann", ceremony.started, asked);
  return { result, sent };
}

/** Ann joins and hears the truth; the others do what they have to. */
async function finishWith(ceremony: HandmadeCeremony): Promise<Result<JoinedCeremony>> {
  const others = ceremony.members.filter((name) => name !== "ann");
  const joining = [...others, "ann"].map((name) => ceremony.family.join(name, ceremony.started));
  const joined = await Promise.all(joining);
  return joined[joined.length - 1];
}

/** Ann's store. */
function storeOf(ceremony: HandmadeCeremony) {
  return ceremony.family.guardian("ann").store;
}

async function assertNothingConfirmed(
  ceremony: HandmadeCeremony,
  sent: ReadonlySet<string>,
): Promise<void> {
  assert.deepEqual([...sent].filter((message) => message.startsWith("3 ")), []);
  const decided = await storeOf(ceremony).read(ceremony.id, "decided");
  assert.notEqual(decided?.decision, "confirmed");
  assert.equal(await storeOf(ceremony).read(ceremony.id, "finished"), undefined);
  const confirmed = (await ceremony.events("message_accepted"))
    .filter(({ actor, detail }) => actor === "ann" && detail.round === 3);
  assert.deepEqual(confirmed, []);
}

/** What a person has compared who compared host keys. */
async function pinOf(ceremony: HandmadeCeremony): Promise<CeremonyPin> {
  const { terms } = await ceremony.view();
  const hostKeys = Object.fromEntries(
    NAMES.map((name) => [name, ceremony.family.guardian(name).hostKey.publicKey]),
  );
  return { hostKeys, fromPackage: terms.fromPackage ?? undefined };
}

/** Another first message of bob's, signed by him, as ann is shown it; whole: with the ciphertexts that go with it. */
async function equivocation(
  ceremony: HandmadeCeremony,
  isWhole: boolean,
): Promise<{ lies: Lies }> {
  const bob = ceremony.deviceOf("bob", { seed: randomHex(32) });
  const first = await ceremony.message("bob", 1, bob);
  const { terms } = await ceremony.view();
  if (terms.protocol !== "chilldkg") {
    const state = await ceremony.state();
    const second = terms.kind === "reshare" ? {} : bob.roundTwo(state);
    const honest = ceremony.deviceOf("bob").roundOne(state);
    // Of a reshare both are in one message; what was not changed is signed along.
    const shown = terms.kind === "reshare" && !isWhole
      ? await ceremony.signed("bob", 1, { ...first, ciphertexts: honest.ciphertexts })
      : first;
    const messages = (rows: readonly Row[]) =>
      rows.map((row): Row => {
        if (row.participant_id !== "bob" || row.round === 3) return row;
        if (row.round === 1) return { ...row, payload: shown };
        return isWhole ? { ...row, payload: second } : row;
      });
    return { lies: { messages } };
  }
  const all = new Map<string, Payload>();
  for (const name of NAMES) all.set(name, await ceremony.message(name, 1));
  all.set("bob", first);
  const round = new Map([...all].map(([name, payload]) => [name, messageOf(terms, 1, payload)]));
  const { coordinatorMessage = "" } = closeRound(terms, 1, [round]);
  const ceremonyLie = (told: Told) => {
    const [truth] = Object(told).coordinator_messages;
    if (truth === undefined) return told;
    const params = chillDkgParams(terms);
    const [shown, kept] = [coordinatorMessage, truth].map((message) =>
      parseCoordinatorMessage1(hexToBytes(message), params)
    );
    const { encryptedShares } = isWhole ? shown : kept;
    const cmsg1 = bytesToHex(coordinatorMessage1ToBytes({ ...shown, encryptedShares }));
    return { ...told, coordinator_messages: [cmsg1] };
  };
  return { lies: { ceremony: ceremonyLie } };
}

/** Another host key of a guardian in a ceremony. */
function hostKeys(told: Told, name: string, key: string): Told {
  const swap = (names: string[] | null, keys: string[] | null) =>
    names && keys && keys.map((own, i) => names[i] === name ? key : own);
  const { participants, host_public_keys, dealers, dealer_host_public_keys } = Object(told);
  return {
    host_public_keys: swap(participants, host_public_keys),
    dealer_host_public_keys: swap(dealers, dealer_host_public_keys),
  };
}

/** The ceremony's participants without one. */
function without(told: Told, name: string): Told {
  const { participants, host_public_keys } = Object(told);
  const position = participants.indexOf(name);
  return {
    participants: participants.toSpliced(position, 1),
    host_public_keys: host_public_keys.toSpliced(position, 1),
  };
}

/** The host keys of ann and cleo. */
function dealerKeys(told: Told): Told {
  const [ann, , cleo] = Object(told).host_public_keys;
  return { dealer_host_public_keys: [ann, cleo] };
}

/** A confirmation with other fields. */
function changed(row: Row, name: string, fields: Payload): Row {
  return row.round === 3 && row.participant_id === name
    ? { ...row, payload: { ...row.payload, ...fields } }
    : row;
}
