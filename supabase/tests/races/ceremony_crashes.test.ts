/**
 * Ceremonies of guardians in processes of their own, each killed at one step after the other and started again: every
 * one completes, and nobody sends two different messages in a round.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type StartedCeremony } from "../../../client/ceremonies/calls.ts";
import type { CeremonyGuardian } from "../support/ceremony_family.ts";
import { type KeyShare, parseKeyShare } from "../../../client/guardian/key_share.ts";
import { elementToHex, parseScalar } from "../../functions/_shared/frost/encoding.ts";
import { interpolationCoefficients } from "../../functions/_shared/frost/polynomial.ts";
import { suiteOf } from "../../functions/_shared/frost/suites.ts";
import { signToken } from "../../local/token.ts";
import { sharedStack } from "../support/answers.ts";
import { CeremonyFamily } from "../support/ceremony_family.ts";
import { randomHex } from "../support/family.ts";
import type { Request } from "../support/handmade_ceremony.ts";
import type { Part } from "./ceremony_process.ts";

const SCRIPT = fileURLToPath(new URL("./ceremony_process.ts", import.meta.url));

const stack = sharedStack();

const FIVE = ["ann", "bob", "cleo", "dora", "emil"];
const TEN = [...FIVE, "finn", "gwen", "hugo", "iris", "jens"];

/** What a device does, in its order. */
const STEPS = {
  chilldkg: [
    "get_key_ceremony",
    "create begun",
    "submit-ceremony-message 1",
    "create certified",
    "submit-ceremony-message 2",
    "create decided",
    "submit-ceremony-message 3",
    "frost_ceremony_messages",
    "create finished",
    "remove begun",
    "remove certified",
  ],
  pedersen: [
    "get_key_ceremony",
    "create begun",
    "submit-ceremony-message 1",
    "submit-ceremony-message 2",
    "frost_ceremony_messages",
    "create decided",
    "submit-ceremony-message 3",
    "create finished",
    "remove begun",
  ],
  reshare: [
    "get_key_ceremony",
    "create begun",
    "submit-ceremony-message 1",
    "frost_ceremony_messages",
    "create decided",
    "submit-ceremony-message 3",
    "create finished",
    "remove begun",
  ],
  /** Of a dealer who gets no share. */
  leaving: ["submit-ceremony-message 1", "create finished", "remove begun"],
  /** Of a guardian who deals none. */
  joining: ["frost_ceremony_messages", "create begun", "create decided", "create finished"],
} as const;

Deno.test("chilldkg: three of five, each killed at every third step", async () => {
  const family = await CeremonyFamily.found(stack(), FIVE);
  const moments = momentsOf(STEPS.chilldkg);
  await holdInProcesses(
    family,
    { kind: "dkg", threshold: 3, participants: FIVE },
    (_, i) => everyThird(moments, i),
  );
  await family.sign(["ann", "cleo", "emil"], randomHex(32));
});

Deno.test("pedersen and its reshare: three of five, each killed at every third step", async () => {
  const family = await CeremonyFamily.found(stack(), [...FIVE, "fay"]);
  const pedersen = momentsOf(STEPS.pedersen);
  await holdInProcesses(
    family,
    { kind: "dkg", protocol: "pedersen", threshold: 3, participants: FIVE },
    (_, i) => everyThird(pedersen, i),
  );
  const { groupPublicKey } = await family.sign(["ann", "bob", "cleo"], randomHex(32));

  const [leaving, joining] = [momentsOf(STEPS.leaving), momentsOf(STEPS.joining)];
  const reshare = momentsOf(STEPS.reshare);
  await holdInProcesses(
    family,
    {
      kind: "reshare",
      threshold: 3,
      participants: ["fay", ...FIVE.slice(1)],
      dealers: ["ann", "bob", "cleo"],
    },
    (name) => {
      if (name === "ann") return leaving;
      if (name === "fay") return joining;
      return reshare.filter((_, n) => n % 2 === ["bob", "cleo"].indexOf(name));
    },
  );
  const again = await family.sign(["fay", "dora", "emil"], randomHex(32));
  assert.equal(again.groupPublicKey, groupPublicKey);
});

Deno.test("pedersen under another suite: three of five, killed around what is kept", async () => {
  const family = await CeremonyFamily.found(stack(), FIVE);
  const moments = momentsOf(STEPS.pedersen).filter((moment) => moment.includes("create"));
  await holdInProcesses(
    family,
    {
      kind: "dkg",
      protocol: "pedersen",
      ciphersuite: "FROST-ED25519-SHA512-v1",
      threshold: 3,
      participants: FIVE,
    },
    (_, i) => everyThird(moments, i),
  );
});

Deno.test("chilldkg: seven of ten, each killed once", async () => {
  const family = await CeremonyFamily.found(stack(), TEN);
  await holdInProcesses(
    family,
    { kind: "dkg", threshold: 7, participants: TEN },
    (_, i) => once(STEPS.chilldkg, i),
  );
});

Deno.test("pedersen and its reshare: seven of ten, each killed once", async () => {
  const family = await CeremonyFamily.found(stack(), TEN);
  await holdInProcesses(
    family,
    { kind: "dkg", protocol: "pedersen", threshold: 7, participants: TEN },
    (_, i) => once(STEPS.pedersen, i),
  );
  const dealers = TEN.slice(0, 7);
  await holdInProcesses(
    family,
    { kind: "reshare", threshold: 7, participants: TEN, dealers },
    (name, i) => once(dealers.includes(name) ? STEPS.reshare : STEPS.joining, i),
  );
});

/** One moment of these steps: another one for each guardian, as far as there are so many. */
function once(steps: readonly string[], i: number): string[] {
  const moments = momentsOf(steps).filter((moment) => !moment.includes("get_key"));
  return [moments[(2 * i + i % 2) % moments.length]];
}

/** Before and after each step. */
function momentsOf(steps: readonly string[]): string[] {
  return steps.flatMap((step) => [`before ${step}`, `after ${step}`]);
}

/** Each is somebody's. */
function everyThird(moments: readonly string[], i: number): string[] {
  return moments.filter((_, n) => n % 3 === i % 3);
}

/** Holds a ceremony whose guardians are processes that die at these moments, one after the other. */
async function holdInProcesses(
  family: CeremonyFamily,
  request: Request,
  momentsFor: (name: string, i: number) => readonly string[],
): Promise<void> {
  const started = await family.start(request.participants[0], request);
  const directory = await Deno.makeTempDir();
  try {
    const members = [...new Set([...request.participants, ...request.dealers ?? []])];
    const shares = await Promise.all(members.map(async (name, i) => {
      const part = await partOf(family, family.guardian(name), started, directory);
      for (const moment of momentsFor(name, i)) {
        const { signal, said } = await run(part, moment);
        assert.equal(signal, "SIGKILL", `${name} did not come to "${moment}": ${said}`);
      }
      const { said } = await run(part);
      const joined = JSON.parse(said.trim().split("\n").at(-1) ?? "");
      assert.equal(joined.success, true, `${name}: ${said}`);
      await assertSentOnce(part);
      if (!request.participants.includes(name)) return undefined;
      return family.guardian(name).keyShare = parseKeyShare(joined.keyShare);
    }));
    assertOneKey(request, shares.filter((share) => share !== undefined));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function partOf(
  family: CeremonyFamily,
  { id, hostKey, keyShare }: CeremonyGuardian,
  { ceremonyId, paramsId }: StartedCeremony,
  directory: string,
): Promise<Part> {
  const { apiUrl, publishableKey } = stack();
  return {
    apiUrl,
    publishableKey,
    token: await signToken({ participant: id, family: family.id }),
    participantId: id,
    words: hostKey.words,
    ceremonyId,
    paramsId,
    directory: join(directory, id),
    sent: join(directory, `${id}.sent`),
    keyShare,
  };
}

async function run(part: Part, moment = ""): Promise<{ signal: string | null; said: string }> {
  const { signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", SCRIPT],
    env: { CEREMONY_PROCESS: JSON.stringify(part), CEREMONY_KILL: moment },
    stdin: "null",
  }).output();
  const said = [stderr, stdout].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  return { signal, said };
}

/** What a process sent again was the same to the bit. */
async function assertSentOnce({ sent, participantId }: Part): Promise<void> {
  const lines = (await Deno.readTextFile(sent)).trim().split("\n");
  const rounds = [...new Set(lines)].map((line) => line[0]);
  assert.equal(
    new Set(rounds).size,
    rounds.length,
    `${participantId} sent two messages in a round`,
  );
}

/** Each share is of the same package, and any threshold of them gives its secret. */
function assertOneKey({ threshold }: Request, shares: readonly KeyShare[]): void {
  const [{ ciphersuite, group_public_key, verifying_shares }] = shares;
  const suite = suiteOf(ciphersuite);
  for (const share of shares) {
    assert.equal(share.group_public_key, group_public_key);
    assert.deepEqual(share.verifying_shares, verifying_shares);
  }
  for (const some of [shares.slice(0, threshold), shares.slice(-threshold)]) {
    const lambdas = interpolationCoefficients(suite.Fn, some.map(({ identifier }) => identifier));
    const secret = some.reduce((sum, share, i) => {
      const scalar = parseScalar(suite, share.signing_share, "share_invalid", "A share");
      return suite.Fn.add(sum, suite.Fn.mul(lambdas[i], scalar));
    }, 0n);
    assert.equal(elementToHex(suite.Point.BASE.multiply(secret)), group_public_key);
  }
}
