/** Guardians whose devices are killed at every step of a ceremony, and start again. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type KeyShare, parseKeyShare } from "../../../client/guardian/key_share.ts";
import { CeremonyGuardians, HttpCeremony } from "../support/http_ceremony.ts";
import { withStack } from "../support/harness.ts";
import { Random } from "../support/random.ts";
import { signToken } from "../../local/token.ts";
import type { TestStack } from "../support/answers.ts";
import { MOMENTS, type ProcessOptions } from "./ceremony_process.ts";

const SCRIPT = fileURLToPath(new URL("ceremony_process.ts", import.meta.url));
const NAMES = Array.from({ length: 10 }, (_, i) => `guardian${i + 1}`);

/** Runs a guardian, again after each kill, until it was killed at each of these moments or has come to its end. */
async function persevere(
  options: Omit<ProcessOptions, "killAt">,
  moments: readonly string[],
): Promise<{ share: KeyShare | null; killed: string[] }> {
  const killed: string[] = [];
  for (;;) {
    const killAt = moments.filter((moment) => !killed.includes(moment));
    const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", SCRIPT, JSON.stringify({ ...options, killAt })],
      stdout: "piped",
      stderr: "piped",
    }).output();
    const said = new TextDecoder().decode(stdout);
    const last = said.trim().split("\n").at(-1) ?? "";
    if (signal !== "SIGKILL") {
      assert.equal(code, 0, `${options.name}: ${said}${new TextDecoder().decode(stderr)}`);
      return { share: JSON.parse(last), killed };
    }
    killed.push(last);
  }
}

/** Plays a ceremony by processes; answers the shares of its participants. */
async function play(
  stack: TestStack,
  ceremony: HttpCeremony,
  random: Random,
  momentsOf: (name: string) => readonly string[],
): Promise<{ shares: KeyShare[]; killed: readonly string[][] }> {
  const { family, terms, paramsId } = ceremony;
  const directory = await Deno.makeTempDir({ prefix: "permafrost-ceremony-" });
  try {
    const all = [...new Set([...terms.participants, ...terms.dealers ?? []])];
    const played = await Promise.all(
      random.shuffled(all).map(async (name) =>
        await persevere({
          apiUrl: stack.apiUrl,
          publishableKey: stack.publishableKey,
          token: await signToken({ participant: name, family: family.id }),
          words: family.hostKeyOf(name).words,
          name,
          directory: `${directory}/${name}`,
          ceremonyId: ceremony.id,
          paramsId,
          keyShare: family.keyShareOf(name),
        }, momentsOf(name))
      ),
    );
    assert.equal((await ceremony.view()).status, "completed");
    return {
      shares: played.flatMap(({ share }) => share === null ? [] : [parseKeyShare(share)]),
      killed: played.map(({ killed }) => killed),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** That all have shares of one key: each was read as one that fits it. */
function assertOneKey(shares: readonly KeyShare[], count: number): void {
  assert.equal(shares.length, count);
  assert.equal(new Set(shares.map((share) => share.key_package_fingerprint)).size, 1);
}

for (const protocol of ["chilldkg", "pedersen", "reshare"] as const) {
  Deno.test(`${protocol}: three of five, one killed at each step and the others now and then, all have their shares`, async () => {
    const random = Random.printed(`${protocol}, killed`);
    await withStack(async (stack) => {
      const names = NAMES.slice(0, 5);
      const family = await CeremonyGuardians.found(stack, names);
      if (protocol === "reshare") await family.deal({ threshold: 3, participants: names });
      const request = { threshold: 3, participants: names };
      const ceremony = await HttpCeremony.start(
        family,
        protocol === "reshare"
          ? { ...request, kind: "reshare", dealers: names.slice(0, 3) }
          : { ...request, kind: "dkg", protocol },
      );
      const { shares, killed } = await play(
        stack,
        ceremony,
        random,
        (name) => name === names[0] ? MOMENTS : [random.pick(MOMENTS), random.pick(MOMENTS)],
      );
      assertOneKey(shares, 5);
      // What each protocol has: chilldkg's certificate, and no second round in a reshare.
      const most = MOMENTS.length - { chilldkg: 0, pedersen: 2, reshare: 4 }[protocol];
      assert.equal(Math.max(...killed.map(({ length }) => length)), most);
    });
  });
}

Deno.test("chilldkg: seven of ten, each killed once somewhere, all have their shares", async () => {
  const random = Random.printed("ten killed");
  await withStack(async (stack) => {
    const family = await CeremonyGuardians.found(stack, NAMES);
    const ceremony = await HttpCeremony.start(family, {
      kind: "dkg",
      threshold: 7,
      participants: NAMES,
    });
    const { shares } = await play(stack, ceremony, random, () => [random.pick(MOMENTS)]);
    assertOneKey(shares, 10);
  });
});
