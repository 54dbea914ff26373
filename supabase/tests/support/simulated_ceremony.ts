/** A ceremony without a server: all devices in one process, and what they send. */
import { bytesToHex } from "@noble/curves/utils.js";
import {
  CeremonyDevice,
  type CeremonyState,
  type Completion,
} from "../../../client/ceremonies/device.ts";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import type { KeyShare } from "../../../client/guardian/key_share.ts";
import { closeRound, type RoundOutcome } from "../../functions/_shared/ceremony/outcome.ts";
import { messageOf, type Payload } from "../../functions/_shared/ceremony/payload.ts";
import {
  type CeremonyTerms,
  paramsIdOf,
  paramsOf,
  type Protocol,
  sendersOf,
} from "../../functions/_shared/ceremony/terms.ts";
import type { RoundMessages } from "../../functions/_shared/ceremony/verification.ts";
import type { Ciphersuite } from "../../functions/_shared/frost/suites.ts";

/** A guardian's device, and its share of a key before. */
interface SimulatedGuardian {
  readonly name: string;
  readonly hostKey: HostKey;
  readonly keyShare?: KeyShare;
}

/** What a ceremony is simulated of. */
export interface SimulatedOptions {
  readonly protocol: Protocol;
  readonly ciphersuite: Ciphersuite;
  readonly threshold: number;
  readonly guardians: readonly SimulatedGuardian[];
  /** Of a reshare: those of the guardians, or others, who deal; each has its share. */
  readonly dealers?: readonly SimulatedGuardian[];
}

/** Guardians with new host keys. */
export function simulatedGuardians(count: number): SimulatedGuardian[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `guardian${i + 1}`,
    hostKey: HostKey.generate(),
  }));
}

/** A ceremony whose messages are made as they are asked for. */
export class SimulatedCeremony {
  readonly terms: CeremonyTerms;
  readonly paramsId: string;
  /** What was sent, by round. */
  readonly rounds: RoundMessages[] = [];
  readonly coordinatorMessages: string[] = [];
  readonly #devices = new Map<string, CeremonyDevice>();

  constructor({ protocol, ciphersuite, threshold, guardians, dealers }: SimulatedOptions) {
    const old = dealers?.[0].keyShare;
    this.terms = {
      ceremonyId: crypto.randomUUID(),
      familyId: "simulated",
      kind: dealers === undefined ? "dkg" : "reshare",
      protocol,
      ciphersuite,
      threshold,
      participants: guardians.map(({ name }) => name),
      hostPublicKeys: guardians.map(({ hostKey }) => hostKey.publicKey),
      dealers: dealers?.map(({ name }) => name) ?? null,
      dealerHostPublicKeys: dealers?.map(({ hostKey }) => hostKey.publicKey) ?? null,
      fromPackage: old === undefined ? null : { ...old, epoch: 1 },
    };
    this.paramsId = paramsIdOf(this.terms);
    for (const { name, hostKey, keyShare } of [...guardians, ...dealers ?? []]) {
      const seed = bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
      this.#devices.set(name, new CeremonyDevice(hostKey, seed, name, keyShare));
    }
  }

  /** The JSON of which `paramsId` is the hash. */
  get params(): string {
    return paramsOf(this.terms);
  }

  get state(): CeremonyState {
    const { terms, paramsId, coordinatorMessages, rounds } = this;
    return { terms, paramsId, coordinatorMessages, rounds };
  }

  /** What a guardian sends in a round. */
  payloadOf(round: 1 | 2, name: string): Payload {
    const device = this.deviceOf(name);
    return round === 1 ? device.roundOne(this.state) : device.roundTwo(this.state);
  }

  /** @throws for who takes no part. */
  deviceOf(name: string): CeremonyDevice {
    const device = this.#devices.get(name);
    if (device === undefined) throw new Error(`${name} takes no part`);
    return device;
  }

  /** Everybody sends; the round is not closed yet. */
  send(round: 1 | 2): void {
    this.rounds[round - 1] = new Map(
      sendersOf(this.terms, round).map((name) => [
        name,
        messageOf(this.terms, round, this.payloadOf(round, name)),
      ]),
    );
  }

  /** The coordinator's step. */
  close(round: 1 | 2): RoundOutcome {
    const outcome = closeRound(this.terms, round, this.rounds);
    if (outcome.coordinatorMessage !== undefined) {
      this.coordinatorMessages.push(outcome.coordinatorMessage);
    }
    return outcome;
  }

  /** The rounds before confirming. */
  run(): void {
    for (const round of this.terms.kind === "reshare" ? [1] as const : [1, 2] as const) {
      this.send(round);
      this.close(round);
    }
  }

  /** What a participant confirms, and its share. */
  confirm(name: string): Completion {
    return this.deviceOf(name).confirm(this.state, 1);
  }
}
