/** The worked examples of docs/http.md for host keys and ceremonies, in their order. */
import assert from "node:assert/strict";
import { CeremonyDevice } from "../../../client/ceremonies/device.ts";
import { readCeremony, readMessages } from "../../../client/ceremonies/reading.ts";
import { contextOfShare } from "../../functions/_shared/ceremony/fault.ts";
import type { Payload } from "../../functions/_shared/ceremony/payload.ts";
import { sendersOf } from "../../functions/_shared/ceremony/terms.ts";
import { verifyMessage } from "../../functions/_shared/ceremony/verification.ts";
import { proveShared } from "../../functions/_shared/dkg/evidence.ts";
import { signToken } from "../../local/token.ts";
import { type Answer, call, type Json, rpc, type TestStack } from "../support/answers.ts";
import { must } from "../support/app_family.ts";
import { CeremonyFamily } from "../support/ceremony_family.ts";
import { randomHex } from "../support/family.ts";

const NAMES = ["ann", "bob"];

/** What is sent, and what is answered. */
export interface Shown {
  /** The body of an example that is sent; its name may have a word besides the function's. */
  readonly sent: (name: string, body: Json) => void;
  readonly answered: (name: string, answer: Answer) => Json;
}

/** Does what the examples show: a key that is born in shares, a fault, and a key in another's place. */
export async function ceremonies(
  stack: TestStack,
  { sent, answered }: Shown,
  familyId: string = crypto.randomUUID(),
) {
  const family = await CeremonyFamily.found(stack, [], familyId);
  const devices = new Map<string, CeremonyDevice>();
  const send = async (name: string, by: string, body: Json, word = "") => {
    sent(`${name} ${word}`.trim(), body);
    const token = await signToken({ participant: by, family: family.id });
    return answered(name, await call(stack, name, { token }, body));
  };
  const read = async (name: string, args: Json) => {
    const token = await signToken({ participant: "ann", family: family.id });
    return answered(name, await rpc(stack, name, { token }, args));
  };
  const create = async () => {
    const terms = { kind: "dkg", protocol: "pedersen", threshold: 2, participants: NAMES };
    const created = await send("create-key-ceremony", "ann", { familyId: family.id, ...terms });
    for (const who of NAMES) {
      devices.set(who, new CeremonyDevice(family.guardian(who).hostKey, randomHex(32), who));
    }
    return String(created.ceremonyId);
  };
  const stateOf = async (id: string) => {
    const { supabase } = family.guardian("ann");
    const { ceremony } = must(await readCeremony(supabase, id));
    const { messages } = must(await readMessages(supabase, id));
    const rounds = [1, 2].map((round) =>
      new Map(
        messages.filter((message) => message.round === round).map(({ sender, payload }) => [
          sender,
          verifyMessage(ceremony.terms, ceremony, round, sender, payload),
        ]),
      )
    );
    assert.ok(sendersOf(ceremony.terms, 1).length === NAMES.length);
    return { ceremony, state: { ...ceremony, rounds } };
  };
  const submit = (ceremonyId: string, round: number, by: string, payload: Payload) =>
    send(
      "submit-ceremony-message",
      by,
      { ceremonyId, round, payload },
      ["", "two", "three"][round - 1],
    );
  const device = (who: string) => {
    const found = devices.get(who);
    assert.ok(found);
    return found;
  };
  const confirm = async (id: string) => {
    const { ceremony, state } = await stateOf(id);
    const epoch = ceremony.keyPackage?.epoch ?? 0;
    for (const who of NAMES) await submit(id, 3, who, device(who).confirm(state, epoch).payload);
  };
  const deal = async (id: string) => {
    const { state } = await stateOf(id);
    for (const who of NAMES) await submit(id, 1, who, device(who).roundOne(state));
  };

  for (const who of NAMES) {
    const { hostKey } = await family.admit(who);
    const { publicKey: hostPublicKey } = hostKey;
    const proof = hostKey.proof(family.id, who);
    await send("register-host-key", who, { familyId: family.id, hostPublicKey, proof });
  }
  const born = await create();
  await deal(born);
  const { state } = await stateOf(born);
  for (const who of NAMES) await submit(born, 2, who, device(who).roundTwo(state));
  await confirm(born);
  const view = await read("get_key_ceremony", { p_ceremony_id: born });
  const recovery = await read("get_recovery_data", { p_key_package_id: view.key_package_id });
  const status = await read("get_key_status", { p_family_id: family.id });

  const spoilt = await create();
  await deal(spoilt);
  const { state: shared } = await stateOf(spoilt);
  // Ann's device sends Bob what is not his share.
  const { hostKey } = family.guardian("ann");
  const bad = new CeremonyDevice(hostKey, randomHex(32), "ann").roundTwo(shared);
  await submit(spoilt, 2, "ann", bad);
  await submit(spoilt, 2, "bob", device("bob").roundTwo(shared));
  const context = contextOfShare(shared.terms, shared.paramsId, {
    sender: "ann",
    recipient: "bob",
  });
  const E = String(shared.rounds[0].get("ann")?.payload.ephemeralKey);
  const evidence = family.guardian("bob").hostKey.withSecret((secret) =>
    proveShared(secret, E, context)
  );
  await send("report-ceremony-fault", "bob", { ceremonyId: spoilt, against: "ann", evidence });

  const second = await create();
  await deal(second);
  const { state: dealt } = await stateOf(second);
  for (const who of NAMES) await submit(second, 2, who, device(who).roundTwo(dealt));
  await confirm(second);
  const { key_package_digest: keyPackageDigest } = await read("get_key_ceremony", {
    p_ceremony_id: second,
  });
  const signature = family.guardian("ann").hostKey.signHash(String(keyPackageDigest));
  await send("approve-key-package", "ann", { familyId: family.id, keyPackageDigest, signature });
  return { family, view, recovery, status };
}
