import {
  SimulatedCeremony,
  simulatedGuardians,
  type SimulatedOptions,
} from "../tests/support/simulated_ceremony.ts";
import { verifyMessage } from "../functions/_shared/ceremony/verification.ts";
import { sendersOf } from "../functions/_shared/ceremony/terms.ts";
import { TAPROOT_CIPHERSUITE } from "../functions/_shared/frost/suites.ts";
import type { Figure } from "./figures.ts";
import type { Bench, Part } from "./part.ts";

const SIZES = [3, 7, 15, 31, 67] as const;
const PROTOCOLS = ["chilldkg", "pedersen", "reshare"] as const;

/** What a ceremony costs a device, the network and the coordinator, by its size. */
export const ceremonies: Part = {
  name: "ceremonies",
  title: "Ceremonies of n guardians, threshold n/2 + 1, under the Taproot suite",

  run(bench: Bench): Promise<Figure[]> {
    const figures: Figure[] = [];
    for (const count of bench.quick ? SIZES.slice(0, 3) : SIZES) {
      for (const protocol of PROTOCOLS) {
        bench.progress(`${protocol}, ${count} guardians`);
        figures.push(...measure(protocol, count));
      }
    }
    bench.note("device: all that one does; verifying: one message of the first round");
    return Promise.resolve(figures);
  },
};

function measure(protocol: (typeof PROTOCOLS)[number], count: number): Figure[] {
  const ceremony = ceremonyOf(protocol, count);
  const { terms, paramsId } = ceremony;
  const [me] = terms.participants;
  const rounds = terms.kind === "reshare" ? [1] as const : [1, 2] as const;
  let device = 0;
  let closing = 0;
  let bytes = 0;
  for (const round of rounds) {
    ceremony.send(round);
    device += timeOf(() => ceremony.payloadOf(round, me));
    bytes += JSON.stringify(ceremony.payloadOf(round, me)).length;
    closing = Math.max(closing, timeOf(() => ceremony.close(round)));
  }
  device += timeOf(() => ceremony.confirm(me));
  const [sender] = sendersOf(terms, 1);
  const payload = ceremony.payloadOf(1, sender);
  const view = { paramsId, coordinatorMessages: [] };
  const verifying = timeOf(() => verifyMessage(terms, view, 1, sender, payload));
  const figure = (what: string, value: number, unit: Figure["unit"]): Figure => ({
    name: `${protocol}, ${count} guardians: ${what}`,
    value,
    unit,
  });
  return [
    figure("device", device, "ms"),
    figure("sent by it", bytes / 1024, "KiB"),
    figure("verifying", verifying, "ms"),
    figure("closing a round", closing, "ms"),
  ];
}

/** A ceremony before its first round; a reshare of a key that was just made. */
export function ceremonyOf(
  protocol: (typeof PROTOCOLS)[number],
  count: number,
  ciphersuite: SimulatedOptions["ciphersuite"] = TAPROOT_CIPHERSUITE,
): SimulatedCeremony {
  const guardians = simulatedGuardians(count);
  const threshold = Math.floor(count / 2) + 1;
  const options = { ciphersuite, threshold, guardians };
  if (protocol !== "reshare") return new SimulatedCeremony({ ...options, protocol });
  const before = new SimulatedCeremony({ ...options, protocol: "pedersen" });
  before.run();
  const dealers = guardians.slice(0, threshold).map((guardian) => ({
    ...guardian,
    keyShare: before.confirm(guardian.name).keyShare,
  }));
  return new SimulatedCeremony({ ...options, protocol, dealers });
}

function timeOf(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}
