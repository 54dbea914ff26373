/** The worked examples of docs/http.md for ceremonies, in their order. */
import { bytesToHex } from "@noble/curves/utils.js";
import { CeremonyDevice } from "../../../client/ceremonies/device.ts";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import { readCeremony } from "../../../client/ceremonies/reading.ts";
import { dealKey } from "../../../client/guardian/dealer.ts";
import { contextOfShare } from "../../functions/_shared/ceremony/fault.ts";
import { hexField, messageOf, type Payload } from "../../functions/_shared/ceremony/payload.ts";
import { proveShared } from "../../functions/_shared/dkg/evidence.ts";
import { clientOf, must } from "../support/app_family.ts";
import { accepted, type Answer, call, type Json, type TestStack } from "../support/answers.ts";
import { register } from "../support/http_family.ts";
import { signToken } from "../../local/token.ts";

const NAMES = ["ann", "bob", "cleo"];

/** Does what they show; each call is handed to `asShown`, with its body and the name of its example. */
export async function ceremonyExamples(
  stack: TestStack,
  familyId: string,
  asShown: (name: string, answer: Answer, body: Json) => Json,
): Promise<void> {
  const dealt = dealKey({ familyId, threshold: 2, participants: NAMES });
  accepted(await register(stack, dealt.registration), 201);
  const hostKeys = new Map(NAMES.map((name) => [name, HostKey.generate()]));
  const keyOf = (name: string) => hostKeys.get(name) ?? HostKey.generate();
  const post = async (who: string, name: string, body: Json) => {
    const token = await signToken({ participant: who, family: familyId });
    return await call(stack, name, { token }, body);
  };
  const shown = async (who: string, name: string, body: Json) =>
    asShown(name, await post(who, name, body), body);

  for (const [name, hostKey] of hostKeys) {
    const proof = hostKey.proof(familyId, name);
    await shown(name, "register-host-key", { familyId, hostPublicKey: hostKey.publicKey, proof });
  }
  const request = {
    familyId,
    kind: "dkg",
    protocol: "pedersen",
    threshold: 2,
    participants: NAMES,
  };
  const { ceremonyId } = await shown("ann", "create-key-ceremony", request);

  const supabase = await clientOf(stack, "ann", familyId);
  const { ceremony: { terms, paramsId } } = must(await readCeremony(supabase, String(ceremonyId)));
  const state = { terms, paramsId, coordinatorMessages: [], rounds: [] };
  const sent = new Map<string, Payload>();
  for (const round of [1, 2] as const) {
    for (const name of NAMES) {
      const seed = bytesToHex(new Uint8Array(32).fill(1 + NAMES.indexOf(name)));
      const device = new CeremonyDevice(keyOf(name), seed, name);
      const payload = round === 1 ? device.roundOne(state) : device.roundTwo(state);
      if (round === 1) sent.set(name, payload);
      const body = { ceremonyId, round, payload };
      await shown(name, "submit-ceremony-message", body);
    }
  }
  const { ceremony } = must(await readCeremony(supabase, String(ceremonyId)));
  const { data } = await supabase.rpc("get_key_ceremony", { p_ceremony_id: ceremonyId });
  const keyPackageDigest = String(data.key_package_digest);
  await shown("ann", "approve-key-package", {
    familyId,
    keyPackageDigest,
    signature: keyOf("ann").signHash(keyPackageDigest),
  });

  // cleo's share is right: whoever complains of one that fits is to blame.
  const dealing = messageOf(ceremony.terms, 1, sent.get("ann") ?? {});
  const context = contextOfShare(terms, paramsId, { sender: "ann", recipient: "cleo" });
  const evidence = keyOf("cleo").withSecret((secret) =>
    proveShared(secret, hexField(dealing, "ephemeralKey"), context)
  );
  await shown("cleo", "report-ceremony-fault", { ceremonyId, against: "ann", evidence });
}
