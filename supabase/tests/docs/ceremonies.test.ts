/** docs/ceremonies.md: its program runs, its diagram and limits are the database's, its bytes are these. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, bytesToNumberBE, concatBytes, hexToBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { entropyToMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { z } from "zod";
import * as ceremonies from "../../../client/ceremonies/mod.ts";
import * as shared from "../../../client/shared.ts";
import { verifyShared } from "../../functions/_shared/dkg/evidence.ts";
import { TAPROOT_CIPHERSUITE } from "../../functions/_shared/frost/suites.ts";
import { signToken } from "../../local/token.ts";
import { freshDatabase, withStack } from "../support/harness.ts";
import { programsOf, readPage, readTable } from "./markdown.ts";
import { assertPrinted } from "./output.ts";
import { setUpWorkplace } from "./shell.ts";

const page = await readPage("docs/ceremonies.md");

Deno.test("the program of docs/ceremonies.md runs, and prints what the page says", async () => {
  await withStack(async ({ apiUrl, publishableKey }) => {
    await using place = await setUpWorkplace();
    const programs = programsOf(page);
    const program = programs.map(({ text }) => text).join("\n");
    await writeFile(join(place.folder, "ceremonies.ts"), program);
    const tokens = await Promise.all(
      ["ann", "bob", "cleo", "dora"].map(async (participant) => [
        participant,
        await signToken({ participant, family: "sunday-family" }),
      ]),
    );
    const { code, output } = await place.run("npx -y deno run -A --no-check ceremonies.ts", {
      API_URL: apiUrl,
      PUBLISHABLE_KEY: publishableKey,
      TOKENS: JSON.stringify(Object.fromEntries(tokens)),
    });
    assert.equal(code, 0, output);
    const { expected = "" } = programs[programs.length - 1];
    assertPrinted(output, expected, "docs/ceremonies.md");
  });
});

Deno.test("docs/ceremonies.md has the edges and the limits that the database has", async () => {
  await using database = await freshDatabase();
  const edges = await database.sql`
    select from_status || ' --> ' || to_status as edge from permafrost.transitions
    where kind = 'ceremony'`;
  const diagram = page.blocks.find(({ text }) => text.startsWith("stateDiagram"))?.text ?? "";
  const drawn = [...diagram.matchAll(/^ *(\w+ --> \w+)/gm)].map(([, edge]) => edge);
  assert.deepEqual(drawn.sort(), edges.map(({ edge }) => edge).sort());
  const [{ most }] = await database.sql`
    select max(ceremony_max) as most from permafrost.ciphersuites having count(distinct ceremony_max) = 1`;
  const limits = new Map(readTable(page, "## Limits").map(([what, limit]) => [what, limit]));
  assert.match(limits.get("participants") ?? "", RegExp(`^2 to ${most}:`));
});

Deno.test("docs/client.md has everything that the library exports for ceremonies", async () => {
  const listed = readTable(await readPage("docs/client.md"), "## Ceremonies").flat()
    .flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const own = Object.keys(ceremonies).filter((name) => !(name in shared));
  assert.ok(own.length >= 15);
  assert.deepEqual(own.filter((name) => !listed.includes(name)), []);
});

const { HostKey, keyPackageDigest, recoverKeyShare } = ceremonies;

/** The examples of docs/http.md by name, and the worked example of this page. */
const http = new Map<string, unknown>(
  (await readPage("docs/http.md")).blocks.filter(({ language }) => language === "json")
    .map(({ words, text }) => [words.join(" "), JSON.parse(text)]),
);
const Hex = z.string().regex(/^([0-9a-f]{2})+$/);
const vector = z.object({
  paramsId: Hex,
  annsWords: z.string(),
  annsHostSecretKey: Hex,
  annsHostPublicKey: Hex,
  annsFingerprint: z.string(),
  fromBob: z.object({ ephemeralKey: Hex, sharedPoint: Hex, pad: Hex, ciphertext: Hex, share: Hex }),
  own: z.object({ ephemeralKey: Hex, pad: Hex, ciphertext: Hex, share: Hex }),
  sum: Hex,
  signingShare: Hex,
  evidence: z.object({ context: Hex, sharedPoint: Hex, proof: Hex }),
  ephemeralProof: z.object({
    ephemeralSecretKey: Hex,
    ephemeralKey: Hex,
    identifier: z.number(),
    proof: Hex,
  }),
}).parse(JSON.parse(page.blocks.find(({ words }) => words.includes("vector"))?.text ?? "{}"));
const Sent = z.object({ payload: z.record(z.string(), z.unknown()), round: z.number() });
const Recovery = z.object({
  params: z.string(),
  messages: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))),
});

// What follows is written from the page, with nothing of the project's that computes the same.
const text = (value: string) => new TextEncoder().encode(value);
const u32 = (value: number) => new Uint8Array([0, 0, value >> 8, value & 255]);
const f = (bytes: Uint8Array) => concatBytes(u32(bytes.length), bytes);
const hash = (value: string) => bytesToHex(sha256(text(value)));
const { Fn, BASE } = secp256k1.Point;

function wide(domain: string, fields: readonly Uint8Array[]): bigint {
  const input = concatBytes(...[text(domain), ...fields].map(f));
  return bytesToNumberBE(shake256(input, { dkLen: 48 })) % Fn.ORDER;
}

const hexOf = (scalar: bigint) => bytesToHex(Fn.toBytes(scalar));
const scalarOf = (hex: string) => Fn.fromBytes(hexToBytes(hex));

/** The JSON of a payload in the page's order, with or without its signature. */
function jsonOf(payload: Readonly<Record<string, unknown>>, signed: boolean): string {
  const rows = readTable(page, "### Messages").flatMap((row) => row.slice(1))
    .map((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const names = Object.keys(payload).filter((name) => name !== "signature");
  const order = rows.find((row) =>
    names.every((name) => row.includes(name)) && row.length === names.length
  );
  assert.ok(order, names.join());
  const all = signed ? [...order, "signature"] : order;
  // "ann" and "bob" stand in the participants' order as they are.
  return JSON.stringify(Object.fromEntries(all.map((name) => [name, payload[name]])));
}

Deno.test("the hashes and signatures of docs/ceremonies.md are those of the ceremony in docs/http.md", () => {
  const { hostPublicKey, proof, familyId } = z.object({
    hostPublicKey: Hex,
    proof: Hex,
    familyId: z.string(),
  }).parse(http.get("register-host-key"));
  assert.equal(hostPublicKey, vector.annsHostPublicKey);
  const byAnn = (signature: unknown, hashed: string) =>
    schnorr.verify(
      hexToBytes(String(signature)),
      hexToBytes(hashed),
      hexToBytes(hostPublicKey).subarray(1),
    );
  assert.ok(
    byAnn(proof, hash(JSON.stringify(["permafrost/host-key", familyId, "ann", hostPublicKey]))),
  );
  const { params, messages } = Recovery.parse(http.get("get_recovery_data 200"));
  assert.equal(hash(params), vector.paramsId);
  for (const [round, word] of ["", " two", " three"].entries()) {
    const { payload, ...sent } = Sent.parse(http.get(`submit-ceremony-message${word}`));
    assert.equal(sent.round, round + 1);
    assert.deepEqual(payload, messages[round + 1].ann);
    const hashed = hash(`["${vector.paramsId}",${round + 1},${jsonOf(payload, false)}]`);
    assert.ok(byAnn(payload.signature, hashed), `round ${round + 1}`);
  }
  const { key_package, key_package_digest } = z.object({
    key_package: z.looseObject({
      epoch: z.number(),
      ciphersuite: z.literal(TAPROOT_CIPHERSUITE),
      threshold: z.number(),
      participants: z.array(z.string()),
      group_public_key: Hex,
      verifying_shares: z.array(Hex),
    }),
    key_package_digest: Hex,
  }).parse(http.get("get_key_ceremony 200"));
  const { epoch, ciphersuite, threshold, participants } = key_package;
  const digest = hash(JSON.stringify([
    epoch,
    ciphersuite,
    threshold,
    participants,
    key_package.group_public_key,
    key_package.verifying_shares,
  ]));
  assert.equal(digest, key_package_digest);
  assert.equal(digest, keyPackageDigest(key_package));
  const rounds = ["1", "2"].map((round) =>
    participants.map((who) => jsonOf(messages[round][who], true)).join(",")
  );
  const transcript = hash(`["${vector.paramsId}",[${rounds[0]}],[${rounds[1]}]]`);
  const confirmed = hash(
    JSON.stringify(["permafrost/confirm", vector.paramsId, transcript, digest]),
  );
  assert.ok(byAnn(messages["3"].ann.confirmation, confirmed));
  const approval = z.object({ keyPackageDigest: Hex, signature: Hex })
    .parse(http.get("approve-key-package"));
  assert.ok(byAnn(approval.signature, approval.keyPackageDigest));
});

Deno.test("the worked example of docs/ceremonies.md decrypts as the page says", () => {
  const h = hexToBytes(vector.annsHostSecretKey);
  assert.equal(entropyToMnemonic(h, wordlist), vector.annsWords);
  const hostKey = HostKey.fromWords(vector.annsWords);
  assert.equal(hostKey.publicKey, vector.annsHostPublicKey);
  assert.equal(hostKey.fingerprint, vector.annsFingerprint);
  const suite = text("FROST-secp256k1-SHA256-TR-v1");
  const [H, paramsId] = [vector.annsHostPublicKey, vector.paramsId].map(hexToBytes);
  const { fromBob, own } = vector;
  const E = hexToBytes(fromBob.ephemeralKey);
  const S = secp256k1.Point.fromBytes(E).multiply(Fn.fromBytes(h)).toBytes();
  assert.equal(bytesToHex(S), fromBob.sharedPoint);
  const pads = [
    wide("permafrost/share", [suite, S, E, H, u32(1), paramsId]),
    wide("permafrost/own-share", [suite, h, hexToBytes(own.ephemeralKey), u32(1), paramsId]),
  ];
  assert.deepEqual(pads.map(hexOf), [fromBob.pad, own.pad]);
  const { messages } = Recovery.parse(http.get("get_recovery_data 200"));
  const shares = [fromBob, own].map(({ ciphertext, ephemeralKey, share }, i) => {
    const sender = ["bob", "ann"][i];
    assert.equal(messages["1"][sender].ephemeralKey, ephemeralKey);
    assert.equal(
      z.record(z.string(), Hex).parse(messages["2"][sender].ciphertexts).ann,
      ciphertext,
    );
    const opened = Fn.sub(scalarOf(ciphertext), pads[i]);
    assert.equal(hexOf(opened), share);
    const [first, second] = z.array(Hex).parse(messages["1"][sender].commitment)
      .map((point) => secp256k1.Point.fromHex(point));
    assert.ok(BASE.multiply(opened).equals(first.add(second)), `${sender}'s share fits`);
    return opened;
  });
  const sum = Fn.add(shares[0], shares[1]);
  assert.equal(hexOf(sum), vector.sum);
  const P = ["ann", "bob"].map((who) =>
    secp256k1.Point.fromHex(z.array(Hex).parse(messages["1"][who].commitment)[0])
  ).reduce((total, point) => total.add(point));
  const even = P.toBytes()[0] === 3 ? Fn.neg(sum) : sum;
  const t = Fn.create(
    bytesToNumberBE(schnorr.utils.taggedHash("TapTweak", P.toBytes().subarray(1))),
  );
  assert.equal(hexOf(Fn.add(even, t)), vector.signingShare);
  const { keyShare } = recoverKeyShare(hostKey, http.get("get_recovery_data 200"));
  assert.equal(keyShare.signing_share, vector.signingShare);
});

Deno.test("the evidence and the ephemeralProof of docs/ceremonies.md verify as the page says", () => {
  const { evidence, fromBob, ephemeralProof, paramsId } = vector;
  const context = concatBytes(hexToBytes(paramsId), u32(2), u32(1));
  assert.equal(bytesToHex(context), evidence.context);
  const [H, E, S] = [vector.annsHostPublicKey, fromBob.ephemeralKey, evidence.sharedPoint]
    .map((point) => secp256k1.Point.fromHex(point));
  const [c, answer] = [evidence.proof.slice(0, 64), evidence.proof.slice(64)].map(scalarOf);
  const kG = BASE.multiply(answer).subtract(H.multiply(c));
  const kE = E.multiply(answer).subtract(S.multiply(c));
  const points = [BASE, H, E, S, kG, kE].map((point) => point.toBytes());
  assert.equal(wide("permafrost/evidence", [...points, context]), c);
  assert.ok(verifyShared(H.toHex(), E.toHex(), context, evidence));

  const { ephemeralSecretKey, ephemeralKey, identifier, proof } = ephemeralProof;
  const key = secp256k1.getPublicKey(hexToBytes(ephemeralSecretKey));
  assert.equal(bytesToHex(key), ephemeralKey);
  const message = sha256(
    concatBytes(text("permafrost/ephemeral-key"), key, hexToBytes(paramsId), u32(identifier)),
  );
  assert.ok(schnorr.verify(hexToBytes(proof), message, key.subarray(1)));
});
