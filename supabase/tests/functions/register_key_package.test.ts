import assert from "node:assert/strict";
import { dealKey } from "../../../client/guardian/dealer.ts";
import {
  CIPHERSUITES,
  type Element,
  type Suite,
  suiteOf,
} from "../../functions/_shared/frost/suites.ts";
import type { ErrorCode } from "../../functions/_shared/errors.ts";
import { accepted, type Json, refused, sharedStack, writesNothing } from "../support/answers.ts";
import { ED25519, INVALID_POINTS } from "./encodings.ts";
import { register } from "../support/http_family.ts";

const stack = sharedStack();

function deal(options: Partial<Parameters<typeof dealKey>[0]> = {}) {
  const familyId = `family-${crypto.randomUUID()}`;
  return dealKey({ familyId, threshold: 2, participants: ["ann", "bob", "cleo"], ...options })
    .registration;
}

/** With each of these fields in place of the dealt ones it is refused with `code`; nothing is written. */
async function eachRefused(dealt: object, code: ErrorCode, fields: readonly Json[]): Promise<void> {
  await writesNothing(stack().database.sql, async () => {
    for (const each of fields) {
      refused(await register(stack(), { ...dealt, ...each }), code, JSON.stringify(each));
    }
  });
}

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`a dealt key of ${ciphersuite} is registered as it was dealt`, async () => {
    const dealt = deal({ ciphersuite });
    const { keyPackageId, epoch, ...rest } = accepted(await register(stack(), dealt), 201);
    assert.deepEqual(rest, { success: true });
    assert.equal(epoch, 1);
    const [row] = await stack().database.sql`
      select * from public.frost_key_packages where key_package_id = ${String(keyPackageId)}`;
    assert.equal(row.family_id, dealt.familyId);
    assert.equal(row.ciphersuite, ciphersuite);
    assert.equal(row.threshold, 2);
    assert.deepEqual(row.participants, dealt.participants);
    assert.equal(row.group_public_key, dealt.groupPublicKey);
    assert.deepEqual(row.verifying_shares, dealt.participants.map((p) => dealt.verifyingShares[p]));
    assert.deepEqual(row.vss_commitment, dealt.vssCommitment);
    assert.equal(row.retired_at, null);
  });

  Deno.test(`what is no point of ${ciphersuite} is key_package_invalid, wherever it stands`, async () => {
    const dealt = deal({ ciphersuite });
    const [first, ...others] = dealt.vssCommitment;
    const bodies: Json[] = INVALID_POINTS[ciphersuite].flatMap(([, point]) => [
      { groupPublicKey: point },
      { groupPublicKey: point, vssCommitment: [point, ...others] },
      { verifyingShares: { ...dealt.verifyingShares, bob: point } },
      { vssCommitment: [first, point] },
    ]);
    await eachRefused(dealt, "key_package_invalid", bodies);
  });

  Deno.test(`shares and group key of ${ciphersuite} that are not of one polynomial are refused`, async () => {
    const dealt = deal({ ciphersuite });
    const other = deal({ ciphersuite });
    const { ann, bob, cleo } = dealt.verifyingShares;
    const base = suiteOf(ciphersuite).Point.BASE.toHex();
    const bodies: Json[] = [
      { groupPublicKey: other.groupPublicKey, vssCommitment: undefined },
      { verifyingShares: { ann: bob, bob: ann, cleo }, vssCommitment: undefined },
      { verifyingShares: { ann, bob, cleo: base }, vssCommitment: undefined },
      { verifyingShares: other.verifyingShares },
      { vssCommitment: other.vssCommitment },
      { vssCommitment: [dealt.vssCommitment[0], other.vssCommitment[1]] },
      { vssCommitment: [...dealt.vssCommitment, base] },
      { vssCommitment: dealt.vssCommitment.slice(0, 1) },
      { vssCommitment: [] },
      { participants: ["bob", "ann", "cleo"] },
      { threshold: 3 },
      { threshold: 3, vssCommitment: undefined },
    ];
    await eachRefused(dealt, "key_package_invalid", bodies);
  });
}

Deno.test("without a ciphersuite it is the Taproot one, and a VSS commitment may be left out", async () => {
  const { ciphersuite: _, vssCommitment: __, ...dealt } = deal();
  const { keyPackageId } = accepted(await register(stack(), dealt), 201);
  const [row] = await stack().database.sql`
    select ciphersuite, vss_commitment from public.frost_key_packages
    where key_package_id = ${String(keyPackageId)}`;
  assert.deepEqual({ ...row }, {
    ciphersuite: "FROST-secp256k1-SHA256-TR-v1",
    vss_commitment: null,
  });
});

Deno.test("255 guardians with names as long as they may be fit into a request, on the curve with the longest points", async () => {
  const participants = Array.from({ length: 255 }, (_, i) => `${i}-`.padEnd(64, "guardian "));
  const dealt = deal({ ciphersuite: "FROST-ED448-SHAKE256-v1", participants, threshold: 128 });
  assert.ok(JSON.stringify(dealt).length > 64 * 1024);
  assert.equal(accepted(await register(stack(), dealt), 201).epoch, 1);
});

Deno.test("shares are matched to participants by name, not by the order they are listed in", async () => {
  const dealt = deal();
  const { ann, bob, cleo } = dealt.verifyingShares;
  const { keyPackageId } = accepted(
    await register(stack(), { ...dealt, verifyingShares: { cleo, ann, bob } }),
    201,
  );
  const [row] = await stack().database.sql`
    select verifying_shares from public.frost_key_packages
    where key_package_id = ${String(keyPackageId)}`;
  assert.deepEqual(row.verifying_shares, [ann, bob, cleo]);
});

Deno.test("a share too many, too few or of somebody else is key_package_invalid", async () => {
  const dealt = deal();
  const { ann, bob, cleo } = dealt.verifyingShares;
  const all = [{}, { ann, bob }, { ann, bob, cleo, dora: cleo }, { ann, bob, dora: cleo }];
  await eachRefused(
    dealt,
    "key_package_invalid",
    all.map((verifyingShares) => ({ verifyingShares })),
  );
});

Deno.test("a key of one curve is no key of another", async () => {
  const dealt = deal({ ciphersuite: "FROST-secp256k1-SHA256-v1" });
  const others = CIPHERSUITES.filter((each) => !each.includes("secp256k1"));
  await eachRefused(dealt, "key_package_invalid", others.map((ciphersuite) => ({ ciphersuite })));
});

Deno.test("thresholds and participants are checked with codes of their own", async () => {
  const dealt = deal();
  await eachRefused(dealt, "threshold_invalid", [1, 4, 255].map((threshold) => ({ threshold })));
  const { ann, bob } = dealt.verifyingShares;
  await eachRefused(dealt, "key_package_invalid", [
    { participants: ["ann", "ann"], verifyingShares: { ann } },
  ]);
  await eachRefused(dealt, "participants_invalid", [
    { participants: ["ann", "bob", "bob"], verifyingShares: { ann, bob, cleo: bob } },
  ]);
});

Deno.test("what can be judged without the curve is invalid_input", async () => {
  const dealt = deal();
  const [first] = dealt.vssCommitment;
  const bodies: Json[] = [
    { threshold: 0 },
    { threshold: -1 },
    { threshold: 1.5 },
    { threshold: 1e9 },
    { threshold: "2" },
    { participants: [] },
    { participants: Array.from({ length: 256 }, (_, i) => `p${i}`) },
    { ciphersuite: "frost-secp256k1-sha256-tr-v1" },
    { ciphersuite: "__proto__" },
    { ciphersuite: "" },
    { groupPublicKey: dealt.groupPublicKey.toUpperCase() },
    { groupPublicKey: dealt.groupPublicKey.slice(1) },
    { groupPublicKey: "" },
    { groupPublicKey: `0x${dealt.groupPublicKey}` },
    { verifyingShares: { ...dealt.verifyingShares, bob: "AB" } },
    { verifyingShares: { ...dealt.verifyingShares, bob: 7 } },
    { verifyingShares: Object.values(dealt.verifyingShares) },
    { vssCommitment: [first, "0"] },
    { vssCommitment: first },
    { vssCommitment: {} },
  ];
  await eachRefused(dealt, "invalid_input", bodies);
});

Deno.test("the same registration again is answered the same, and another one is the next epoch", async () => {
  const dealt = deal();
  const first = accepted(await register(stack(), dealt), 201);
  const again = await writesNothing(stack().database.sql, () => register(stack(), dealt));
  assert.deepEqual(accepted(again, 201), first);
  const next = deal({ familyId: dealt.familyId });
  assert.equal(accepted(await register(stack(), next), 201).epoch, 2);
  const rows = await stack().database.sql`
    select epoch, retired_at is null as current from public.frost_key_packages
    where family_id = ${dealt.familyId} order by epoch`;
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { epoch: 1, current: false },
    { epoch: 2, current: true },
  ]);
});

/** A package whose points are i·A + B at i, for the B and A of a VSS commitment. */
function linear(suite: Suite, constant: Element, slope: Element) {
  const at = (i: bigint) => constant.add(slope.multiply(i)).toHex();
  return {
    groupPublicKey: constant.toHex(),
    verifyingShares: { ann: at(1n), bob: at(2n), cleo: at(3n) },
    vssCommitment: [constant.toHex(), slope.toHex()],
    ciphersuite: suite.name,
  };
}

for (const name of ["ED25519-SHA512", "RISTRETTO255-SHA512", "ED448-SHAKE256"] as const) {
  Deno.test(`a consistent key of FROST-${name}-v1 that is zero, or a share that is, is refused`, async () => {
    const suite = suiteOf(`FROST-${name}-v1`);
    const { ZERO, BASE } = suite.Point;
    await eachRefused(deal(), "key_package_invalid", [
      linear(suite, ZERO, BASE),
      linear(suite, BASE, BASE.negate()),
    ]);
    accepted(await register(stack(), { ...deal(), ...linear(suite, BASE, BASE) }), 201);
  });
}

Deno.test("a consistent key outside the prime-order subgroup is refused", async () => {
  const suite = suiteOf("FROST-ED25519-SHA512-v1");
  const { BASE } = suite.Point;
  const small = suite.Point.fromHex(ED25519.orderTwo);
  // The randomised checks multiply the small part away in half of the cases, or more.
  const tries = Array.from({ length: 16 }, () => linear(suite, BASE.add(small), BASE));
  await eachRefused(deal(), "key_package_invalid", tries);
});
