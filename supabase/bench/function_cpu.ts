import { bytesToHex } from "@noble/curves/utils.js";
import { fileURLToPath } from "node:url";
import { MAX_PARTICIPANTS } from "../functions/_shared/frost/key_package.ts";
import {
  type Ciphersuite,
  CIPHERSUITES,
  TAPROOT_CIPHERSUITE,
} from "../functions/_shared/frost/suites.ts";
import {
  prepareVerification,
  type SigningInputs,
} from "../functions/_shared/frost/verification.ts";
import {
  seededBytes,
  simulateKey,
  simulateRoundOne,
} from "../tests/support/vectors/simulated_session.ts";
import { type HostedDeno, hostedDeno } from "../local/hosted_deno.ts";
import type { Figure } from "./figures.ts";
import { ceremonyOf } from "./ceremonies.ts";
import type { AllShares, FullRounds, HeavyCall, SuspectShares } from "./heavy_call.ts";
import type { Bench, Part } from "./part.ts";

const SCRIPT = fileURLToPath(new URL("heavy_call.ts", import.meta.url));

/** CPU seconds that a hosted function may take for a request. */
const LIMIT = 2;

const ED448 = "FROST-ED448-SHAKE256-v1";

/** What the heaviest calls cost where they are limited. */
export const functionCpu: Part = {
  name: "function-cpu",
  title:
    `CPU of the heaviest calls on hosted functions' Deno, where ${LIMIT} s a request is the limit`,

  async run(bench: Bench): Promise<Figure[]> {
    const rounds = bench.quick ? 1 : 3;
    const deno = await hostedDeno();
    const nothing = await leastOf(rounds, () => cpuSeconds(deno, ""));
    bench.note(
      `Deno ${deno.version}; the least of ${rounds}; the load of the function's module included`,
    );
    const figures: Figure[] = [];
    for (const [name, call] of heavyCalls(bench.seed)) {
      bench.progress(name);
      const input = JSON.stringify(call());
      const value = await leastOf(rounds, () => cpuSeconds(deno, input)) - nothing;
      figures.push({ name, value, unit: "s", atMost: LIMIT });
    }
    return figures;
  },
};

/** The calls that are measured, by name; the sizes are the largest that are taken. */
function heavyCalls(seed: string): [string, () => HeavyCall][] {
  const closing = CIPHERSUITES.map((suite): [string, () => HeavyCall] => [
    `closing round one with ${signersOf(suite)} signers, ${suite}`,
    () => ({ function: "submit-nonce-commitment", close: closedRound(suite, seed) }),
  ]);
  const others = ([TAPROOT_CIPHERSUITE, ED448] as const).flatMap((
    suite,
  ): [string, () => HeavyCall][] => [
    [
      `registering a key of ${MAX_PARTICIPANTS} guardians, ${suite}`,
      () => ({
        function: "register-key-package",
        register: simulateKey(suite, signersOf(suite), MAX_PARTICIPANTS, seed).inputs,
      }),
    ],
    [
      `aggregating ${signersOf(suite)} shares, ${suite}`,
      () => ({ function: "submit-signature-share", aggregate: allShares(suite, seed) }),
    ],
    [
      `finding a bad share among ${signersOf(suite)}, ${suite}`,
      () => ({ function: "aggregate-signature", findBadShare: suspectShares(suite, seed) }),
    ],
  ]);
  const ceremonies = ([TAPROOT_CIPHERSUITE, ED448] as const).flatMap((suite) =>
    (["chilldkg", "pedersen", "reshare"] as const)
      .filter((protocol) => protocol !== "chilldkg" || suite === TAPROOT_CIPHERSUITE)
      .map((protocol): [string, () => HeavyCall] => [
        `closing a ${protocol} of ${LARGEST_CEREMONY} guardians, ${suite}`,
        () => ({ function: "submit-ceremony-message", closeRound: fullRounds(protocol, suite) }),
      ])
  );
  return [...closing, ...others, ...ceremonies];
}

/** The most guardians that a ceremony takes. */
const LARGEST_CEREMONY = 67;

function fullRounds(protocol: Parameters<typeof ceremonyOf>[0], suite: Ciphersuite): FullRounds {
  const ceremony = ceremonyOf(protocol, LARGEST_CEREMONY, suite);
  ceremony.run();
  const payloads = ceremony.rounds.map((sent) =>
    [...sent].map(([who, { payload }]) => [who, payload] as const)
  );
  return { terms: ceremony.terms, round: payloads.length, payloads };
}

/** The most signers that a session of the suite can have. */
function signersOf(suite: Ciphersuite): number {
  return suite === ED448 ? 128 : MAX_PARTICIPANTS;
}

function closedRound(suite: Ciphersuite, seed: string): SigningInputs {
  const count = signersOf(suite);
  const key = simulateKey(suite, count, count, seed);
  return simulateRoundOne(key, count, bytesToHex(seededBytes(seed)()), seed).inputs;
}

function allShares(suite: Ciphersuite, seed: string): AllShares {
  const verification = prepareVerification(closedRound(suite, seed));
  // Scalars of the suite, as shares are.
  const shares = verification.signers.map((s) => [s.participant, s.binding_factor] as const);
  return { verification, shares: Object.fromEntries(shares) };
}

function suspectShares(suite: Ciphersuite, seed: string): SuspectShares {
  return { closed: closedRound(suite, seed), shares: allShares(suite, seed).shares };
}

/** The least of what is measured several times: what other programs do only adds to it. */
async function leastOf(rounds: number, measure: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < rounds; round++) least = Math.min(least, await measure());
  return least;
}

/** CPU seconds that a process takes for a call, user and system, from its start to its end. */
async function cpuSeconds({ path, args }: HostedDeno, input: string): Promise<number> {
  // Of all that a child has used, the shell tells by itself.
  const child = new Deno.Command("sh", {
    args: ["-c", '"$@" >&2 || exit; times', "sh", path, "run", ...args, SCRIPT],
    env: { LC_ALL: "C", NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const [told, problem] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  // The second line is that of the children: 0m1.234s 0m0.056s.
  const times = [...told.trim().split("\n").at(-1)?.matchAll(/(\d+)m([\d.]+)s/g) ?? []];
  if (!success || times.length !== 2) throw new Error(`A call was not measured:\n${problem}`);
  return times.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
}
