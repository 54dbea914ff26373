import assert from "node:assert/strict";
import { closeRound } from "../../supabase/functions/_shared/ceremony/outcome.ts";
import {
  type Ciphersuite,
  CIPHERSUITES,
  TAPROOT_CIPHERSUITE,
} from "../../supabase/functions/_shared/frost/suites.ts";
import {
  SimulatedCeremony,
  simulatedGuardians,
} from "../../supabase/tests/support/simulated_ceremony.ts";
import { HostKey } from "./host_key.ts";
import { recoverCurrentShare, recoverKeyShare } from "./recovery.ts";
import { RecoveryDataError } from "./recovery_data.ts";

const guardians = simulatedGuardians(3);

/** A ceremony that all have confirmed, as the database answers its recovery data. */
function confirmed(ceremony: SimulatedCeremony) {
  const { terms, rounds } = ceremony;
  const last = terms.kind === "reshare" ? 1 : 2;
  const { key, recoveryData } = closeRound(terms, last, rounds);
  const confirmations = Object.fromEntries(
    terms.participants.map((name) => [name, ceremony.confirm(name).payload]),
  );
  const payloads = rounds.map((sent) =>
    Object.fromEntries([...sent].map(([name, { payload }]) => [name, payload]))
  );
  return {
    protocol: terms.protocol,
    params: ceremony.params,
    recovery_data: recoveryData ?? null,
    messages: terms.protocol === "chilldkg"
      ? { 3: confirmations }
      : { 1: payloads[0], 2: payloads[1], 3: confirmations },
    key_package: {
      epoch: 1,
      ciphersuite: terms.ciphersuite,
      threshold: terms.threshold,
      participants: terms.participants,
      ...key,
    },
    from_key_package: terms.fromPackage,
  };
}

function ceremonyOf(
  protocol: "chilldkg" | "pedersen" | "reshare",
  ciphersuite: Ciphersuite = TAPROOT_CIPHERSUITE,
) {
  const options = { ciphersuite, threshold: 2, guardians } as const;
  const before = new SimulatedCeremony({
    ...options,
    protocol: protocol === "chilldkg" ? "chilldkg" : "pedersen",
  });
  before.run();
  if (protocol !== "reshare") return before;
  const dealers = guardians.slice(1).map((guardian) => ({
    ...guardian,
    keyShare: before.confirm(guardian.name).keyShare,
  }));
  const ceremony = new SimulatedCeremony({ ...options, protocol, dealers });
  ceremony.run();
  return ceremony;
}

const KINDS = [
  ["chilldkg", TAPROOT_CIPHERSUITE] as const,
  ...CIPHERSUITES.map((suite) => ["pedersen", suite] as const),
  ["reshare", TAPROOT_CIPHERSUITE] as const,
];

for (const [protocol, ciphersuite] of KINDS) {
  Deno.test(`${protocol} ${ciphersuite}: a share comes back from the words, as often as one likes`, () => {
    const ceremony = ceremonyOf(protocol, ciphersuite);
    const data = JSON.parse(JSON.stringify(confirmed(ceremony)));
    for (const { name, hostKey } of guardians) {
      for (let again = 0; again < 2; again++) {
        const { keyShare, ...of } = recoverKeyShare(HostKey.fromWords(hostKey.words), data);
        assert.deepEqual(keyShare, ceremony.confirm(name).keyShare);
        assert.deepEqual(of, { epoch: 1, familyId: ceremony.terms.familyId });
      }
    }
    assert.throws(() => recoverKeyShare(HostKey.generate(), data), RecoveryDataError);
  });
}

/** Every way in which one text or number within a value may be another. */
function* changes(
  value: unknown,
  path: string[] = [],
): Generator<[string, (root: object) => void]> {
  if (typeof value === "object" && value !== null) {
    for (const [name, part] of Object.entries(value)) yield* changes(part, [...path, name]);
    return;
  }
  const other = typeof value === "number"
    ? value + 1
    : typeof value === "string" && value.length > 2
    ? value.slice(0, -1) + (value.endsWith("0") ? "1" : "0")
    : undefined;
  if (other === undefined) return;
  yield [path.join("."), (root) => {
    const parent = path.slice(0, -1).reduce<object>((at, name) => Reflect.get(at, name), root);
    Reflect.set(parent, path[path.length - 1], other);
  }];
}

for (const protocol of ["chilldkg", "pedersen", "reshare"] as const) {
  Deno.test(`${protocol}: recovery data in which anything was changed gives no share`, () => {
    const data = JSON.stringify(confirmed(ceremonyOf(protocol)));
    const [{ hostKey }] = guardians;
    let tried = 0;
    for (const [path, change] of changes(JSON.parse(data))) {
      // What is not part of the key, and nobody signs.
      if (/vss_commitment|acknowledgement|^messages\.3\..*\.signature$/.test(path)) continue;
      if (
        /^from_key_package\.(participant_id|identifier|signing_share|key_package_fingerprint)$/
          .test(path)
      ) continue;
      const changed = JSON.parse(data);
      change(changed);
      assert.throws(() => recoverKeyShare(hostKey, changed), RecoveryDataError, path);
      tried++;
    }
    assert.ok(tried > 8, `${tried}`);
    for (const other of [null, {}, "", [], { ...JSON.parse(data), messages: {} }]) {
      assert.throws(() => recoverKeyShare(hostKey, other), RecoveryDataError);
    }
  });
}

Deno.test("a server that gives back the share of another family of the same host key is refused", async () => {
  const ceremony = ceremonyOf("chilldkg");
  const data = confirmed(ceremony);
  const [{ name, hostKey }] = guardians;
  const answer = (data: unknown) => Promise.resolve({ data, error: null, status: 200 });
  const row = { key_package_id: "current", ...data.key_package };
  const rows = {
    is: () => rows,
    abortSignal: () => Object.assign(answer([row]), { maybeSingle: () => answer(row) }),
  };
  const server = {
    rpc: () => ({ abortSignal: () => answer(data) }),
    from: () => ({ select: () => ({ match: () => rows }) }),
    functions: { invoke: () => Promise.reject(new Error("Nothing is invoked")) },
  };
  const recovered = await recoverCurrentShare(server, ceremony.terms.familyId, hostKey);
  assert.ok(recovered.success);
  assert.equal(recovered.keyShare.participant_id, name);
  await assert.rejects(recoverCurrentShare(server, "another", hostKey), RecoveryDataError);
});
